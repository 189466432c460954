import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Only the usual written form: octal, hexadecimal and short forms are read differently by different programs. */
export function isCidr(text: string): boolean {
  const [address = '', bits = ''] = text.split('/');
  return isAddress(address) && /^(0|[1-9]\d*)$/.test(bits) && ipaddr.isValidCIDR(text);
}

/** Without a zone (`%eth0`), which means something on one machine only. */
export function isAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes('%');
}
