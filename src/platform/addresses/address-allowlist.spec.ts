import { describe, expect, it } from 'vitest';
import type { ApplicationGrant, Principal } from '../../kernel/principal.js';
import { isAllowedAddress, requireAllowedAddress } from './address-allowlist.js';
import { networkOf } from './address-ranges.js';

function calling(ipAllowlist: string[] | null): Principal {
  return { application: ipAllowlist === null ? null : ({ ipAllowlist } as unknown as ApplicationGrant) } as Principal;
}

describe('the allow-list of an application', () => {
  it.each([
    [null, '198.51.100.7', true],
    [[], '198.51.100.7', true],
    [['198.51.100.0/24'], '198.51.100.7', true],
    [['198.51.100.0/24'], '::ffff:198.51.100.7', true],
    [['::ffff:198.51.100.0/120'], '198.51.100.7', true],
    [['198.51.100.0/24'], '198.51.101.7', false],
    [['192.0.2.0/24', '198.51.100.7/32'], '198.51.100.7', true],
    [['198.51.100.7/32'], '198.51.100.8', false],
    [['2001:db8::/32'], '2001:db8:1::7', true],
    [['2001:db8::/32'], '2001:db9::7', false],
    [['0.0.0.0/0'], '2001:db8::7', false],
    [['::/0'], '198.51.100.7', false],
    [['198.51.100.0/24'], 'unknown', false],
    [['198.51.100.0/24'], '', false],
    [['what nobody can read'], '198.51.100.7', false],
  ])('%j answers for %s: %s', (ranges, address, allowed) => {
    expect(isAllowedAddress(calling(ranges), address)).toBe(allowed);
  });

  it('does not ask for the address where there is no application', () => {
    requireAllowedAddress(calling(null), () => {
      throw new Error('asked');
    });
  });
});

describe('what is counted as one caller', () => {
  it.each([
    ['198.51.100.7', '198.51.100.7'],
    ['::ffff:198.51.100.7', '198.51.100.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::ffff', '2001:db8:1:2::/64'],
    ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
  ])('%s is %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
