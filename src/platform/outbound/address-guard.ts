import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { contains, embeddedIpv4, isMapped, readAddress, readRange } from '../addresses/address-ranges.js';
import type { Address, Range } from '../addresses/address-ranges.js';

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
    this.opened = allowCidrs.map(readRange);
  }

  /** Whatever is not an address in its usual written form is forbidden. */
  verdict(ip: string): 'allowed' | 'forbidden' {
    const address = readAddress(ip);
    return address !== null && this.permits(address) ? 'allowed' : 'forbidden';
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
    if (isMapped(ipv6) || contains(NAT64, ipv6)) return this.permits(embeddedIpv4(ipv6));
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
