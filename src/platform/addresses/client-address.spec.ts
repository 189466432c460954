import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { ClientAddresses } from './client-address.js';

function addressOf(trusted: string[], peer: string | undefined, forwarded?: string): string {
  const request = { socket: { remoteAddress: peer }, headers: { 'x-forwarded-for': forwarded } };
  return new ClientAddresses(trusted).of(request as unknown as IncomingMessage);
}

const PROXIES = ['10.0.0.0/8', '2001:db8:aa::/48'];

describe("a caller's address", () => {
  it.each([
    ['198.51.100.7', '198.51.100.7'],
    ['::ffff:198.51.100.7', '198.51.100.7'],
    ['2001:DB8:0:0::7', '2001:db8::7'],
    ['fe80::1%eth0', 'fe80::1'],
    [undefined, '0.0.0.0'],
  ])('is that of the peer %s where no proxy is trusted', (peer, address) => {
    expect(addressOf([], peer, '192.0.2.1')).toBe(address);
  });

  it.each([
    ['an untrusted peer that claims to forward', '198.51.100.7', '192.0.2.1', '198.51.100.7'],
    ['one caller behind one proxy', '10.0.0.1', '192.0.2.1', '192.0.2.1'],
    ['a mapped peer', '::ffff:10.0.0.1', '192.0.2.1', '192.0.2.1'],
    ['what the caller wrote before the proxy added its own', '10.0.0.1', '127.0.0.1, 10.9.9.9, 192.0.2.1', '192.0.2.1'],
    ['a chain of trusted proxies', '10.0.0.1', '203.0.113.9, 192.0.2.1, 10.0.0.3, 2001:db8:aa::2', '192.0.2.1'],
    ['a forged trusted hop left of an untrusted one', '10.0.0.1', '10.0.0.2, 192.0.2.1', '192.0.2.1'],
    ['trusted proxies only', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['no header', '10.0.0.1', undefined, '10.0.0.1'],
    ['an empty header', '10.0.0.1', '', '10.0.0.1'],
    ['garbage', '10.0.0.1', 'unknown', '10.0.0.1'],
    ['garbage left of an address', '10.0.0.1', 'unknown, 192.0.2.1', '192.0.2.1'],
    ['garbage right of an address', '10.0.0.1', '192.0.2.1, ;drop table', '10.0.0.1'],
    ['forms that programs read differently', '10.0.0.1', '0300.0.2.1', '10.0.0.1'],
    ['a port', '10.0.0.1', '192.0.2.1:4711', '192.0.2.1'],
    ['IPv6', '10.0.0.1', '2001:DB8::7', '2001:db8::7'],
    ['IPv6 with a port', '10.0.0.1', '[2001:db8::7]:4711', '2001:db8::7'],
    ['a mapped caller', '10.0.0.1', '::ffff:192.0.2.1', '192.0.2.1'],
    ['a mapped proxy in the chain', '10.0.0.1', '192.0.2.1, ::ffff:10.0.0.2', '192.0.2.1'],
  ])('with %s', (_case, peer, forwarded, address) => {
    expect(addressOf(PROXIES, peer, forwarded)).toBe(address);
  });
});
