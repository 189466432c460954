import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = [Address, number];

const MAPPED_PREFIX_BITS = 96;

/** Azure's wire server: reachable from every virtual machine there, and in a public range. */
const AZURE_WIRE_SERVER = '168.63.129.16';

/** All that the registries have given out as global unicast so far; what is outside has no business here. */
const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3');

/** The well-known NAT64 prefix: a translator sends the packet on to the embedded IPv4 address. */
const NAT64 = ipaddr.parseCIDR('64:ff9b::/96');

/**
 * Decides which addresses an outgoing request may reach: public unicast, and what the operator opened.
 * Pure; whoever connects must ask for every address, literals included, and connect to no other.
 */
export class AddressGuard {
  private readonly opened: Range[];

  /** @param allowCidrs ranges to open, `10.0.0.0/8`, `::1/128`; IPv4 ones open the IPv4-mapped form too */
  constructor(allowCidrs: readonly string[]) {
    this.opened = allowCidrs.map(parseRange);
  }

  /** Whatever is not an address in its usual written form is forbidden. */
  verdict(ip: string): 'allowed' | 'forbidden' {
    // node:net is strict where ipaddr.js reads octal, hexadecimal and short forms, which others read differently.
    if (isIP(ip) === 0 || ip.includes('%')) return 'forbidden';
    return this.permits(ipaddr.parse(canonical(ip))) ? 'allowed' : 'forbidden';
  }

  /** The IP literal of a URL's host without brackets, or null for a name. `URL` has already normalised it. */
  literalHost(url: URL): string | null {
    const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname.replace(/\.$/, '');
    return isIP(host) === 0 ? null : host;
  }

  private permits(address: Address): boolean {
    if (this.opened.some((range) => contains(range, address))) return true;
    if (address.kind() === 'ipv4') return isPublicIpv4(address as ipaddr.IPv4);
    const ipv6 = address as ipaddr.IPv6;
    if (ipv6.isIPv4MappedAddress() || contains(NAT64, ipv6)) return this.permits(embeddedIpv4(ipv6));
    return isPublicIpv6(ipv6);
  }
}

function isPublicIpv4(address: ipaddr.IPv4): boolean {
  return address.range() === 'unicast' && address.toString() !== AZURE_WIRE_SERVER;
}

function isPublicIpv6(address: ipaddr.IPv6): boolean {
  return contains(GLOBAL_UNICAST, address) && address.range() === 'unicast' && !isIsatap(address);
}

/** ISATAP hides an IPv4 address in the interface half, under any prefix (RFC 5214 §6.1). */
function isIsatap(address: ipaddr.IPv6): boolean {
  const [upper = 0, lower = 0] = address.parts.slice(4, 6);
  return (upper === 0 || upper === 0x0200) && lower === 0x5efe;
}

function embeddedIpv4(address: ipaddr.IPv6): ipaddr.IPv4 {
  return new ipaddr.IPv4(address.toByteArray().slice(12));
}

/** ipaddr.js reads `::8.8.8.8` as `::ffff:8.8.8.8`, another address; in hexadecimal groups it reads what is there. */
function canonical(ip: string): string {
  return isIP(ip) === 6 ? new URL(`http://[${ip}]`).hostname.slice(1, -1) : ip;
}

function contains([base, bits]: Range, address: Address): boolean {
  return base.kind() === address.kind() && address.match(base, bits);
}

function parseRange(text: string): Range {
  if (!isStrictCidr(text)) {
    throw new Error(`"${text}" is not an address range; write 10.0.0.0/8, 192.0.2.7/32 or fd00::/8`);
  }
  const [address = '', prefix = ''] = text.split('/');
  const [base, bits] = ipaddr.parseCIDR(`${canonical(address)}/${prefix}`);
  if (base.kind() === 'ipv6' && bits >= MAPPED_PREFIX_BITS && (base as ipaddr.IPv6).isIPv4MappedAddress()) {
    return [embeddedIpv4(base as ipaddr.IPv6), bits - MAPPED_PREFIX_BITS];
  }
  return [base, bits];
}

function isStrictCidr(text: string): boolean {
  const [address = '', bits = '', ...rest] = text.split('/');
  const width = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return rest.length === 0 && !address.includes('%') && /^\d{1,3}$/.test(bits) && Number(bits) <= width;
}
