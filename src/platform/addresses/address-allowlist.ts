import { DomainError } from '../../kernel/domain-error.js';
import type { Principal } from '../../kernel/principal.js';
import { isCidr } from '../config/cidr.js';
import { contains, embeddedIpv4, isMapped, readAddress, readRange } from './address-ranges.js';
import type { Range } from './address-ranges.js';

/** A grant is cached with its principal, so its ranges are read once. */
const read = new WeakMap<readonly string[], Range[]>();

/** Refuses callers whose application names the ranges that it calls from, when they call from elsewhere. */
export function requireAllowedAddress(principal: Principal, addressOf: () => string): void {
  if (principal.application === null || isAllowedAddress(principal, addressOf())) return;
  throw new DomainError('forbidden', 'auth.address_not_allowed', 'The application of this credential does not allow this address.');
}

export function isAllowedAddress({ application }: Principal, address: string): boolean {
  return application === null || application.ipAllowlist.length === 0 || allows(application.ipAllowlist, address);
}

function allows(allowlist: readonly string[], text: string): boolean {
  const address = readAddress(text);
  if (address === null) return false;
  const ranges = read.get(allowlist) ?? allowlist.filter(isCidr).map(readRange);
  read.set(allowlist, ranges);
  const plain = isMapped(address) ? embeddedIpv4(address) : address;
  return ranges.some((range) => contains(range, plain));
}
