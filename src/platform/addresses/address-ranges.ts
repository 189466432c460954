import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { isAddress, isCidr } from '../config/cidr.js';

export type Address = ipaddr.IPv4 | ipaddr.IPv6;
export type Range = readonly [Address, number];

const MAPPED_PREFIX_BITS = 96;

/**
 * An address in its usual written form, null for anything else: octal, hexadecimal and short forms are read
 * differently by different programs, and a zone means something on one machine only.
 */
export function readAddress(text: string): Address | null {
  if (!isAddress(text)) return null;
  return ipaddr.parse(canonical(text));
}

/** `10.0.0.0/8`, `::1/128`; throws for anything else. A range of IPv4-mapped addresses is the range of IPv4 that it maps. */
export function readRange(text: string): Range {
  if (!isCidr(text)) throw new Error(`"${text}" is not an address range; write 10.0.0.0/8, 192.0.2.7/32 or fd00::/8`);
  const [address = '', prefix = ''] = text.split('/');
  const [base, bits] = ipaddr.parseCIDR(`${canonical(address)}/${prefix}`);
  return bits >= MAPPED_PREFIX_BITS && isMapped(base) ? [embeddedIpv4(base), bits - MAPPED_PREFIX_BITS] : [base, bits];
}

export function contains([base, bits]: Range, address: Address): boolean {
  return base.kind() === address.kind() && address.match(base, bits);
}

export function isMapped(address: Address): boolean {
  return !isIpv4(address) && address.isIPv4MappedAddress();
}

function isIpv4(address: Address): address is ipaddr.IPv4 {
  return address.kind() === 'ipv4';
}

/** For addresses whose last 32 bits are one. */
export function embeddedIpv4(address: Address): ipaddr.IPv4 {
  return new ipaddr.IPv4(address.toByteArray().slice(12));
}

/** One way to write each address, for comparing: an IPv4-mapped one is the IPv4 one. */
export function plainAddress(address: Address): string {
  return isMapped(address) ? embeddedIpv4(address).toString() : address.toString();
}

/** ipaddr.js reads `::8.8.8.8` as `::ffff:8.8.8.8`, another address; in hexadecimal groups it reads what is there. */
function canonical(ip: string): string {
  return isIP(ip) === 6 ? new URL(`http://[${ip}]`).hostname.slice(1, -1) : ip;
}

/** What one caller can choose freely from counts as one: of IPv6 the network of 64 bits that a line is given. */
export function networkOf(text: string): string {
  const address = readAddress(text);
  if (address === null || isIpv4(address)) return text;
  if (isMapped(address)) return plainAddress(address);
  return `${address.parts.slice(0, 4).map((part) => part.toString(16)).join(':')}::/64`;
}
