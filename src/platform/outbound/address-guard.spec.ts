import { describe, expect, it } from 'vitest';
import { AddressGuard } from './address-guard.js';

const guard = new AddressGuard([]);

const FORBIDDEN: [range: string, ...samples: string[]][] = [
  ['0.0.0.0/8', '0.0.0.0', '0.1.2.3', '0.255.255.255'],
  ['10.0.0.0/8', '10.0.0.0', '10.255.255.255'],
  ['100.64.0.0/10', '100.64.0.0', '100.100.100.200', '100.127.255.255'],
  ['127.0.0.0/8', '127.0.0.1', '127.255.255.255'],
  ['169.254.0.0/16', '169.254.0.0', '169.254.169.254'],
  ['172.16.0.0/12', '172.16.0.0', '172.31.255.255'],
  ['192.0.0.0/24', '192.0.0.0', '192.0.0.192', '192.0.0.255'],
  ['192.0.2.0/24', '192.0.2.1'],
  ['192.31.196.0/24', '192.31.196.1'],
  ['192.52.193.0/24', '192.52.193.1'],
  ['192.88.99.0/24', '192.88.99.1'],
  ['192.168.0.0/16', '192.168.0.0', '192.168.255.255'],
  ['192.175.48.0/24', '192.175.48.1'],
  ['198.18.0.0/15', '198.18.0.0', '198.19.255.255'],
  ['198.51.100.0/24', '198.51.100.1'],
  ['203.0.113.0/24', '203.0.113.1'],
  ['224.0.0.0/4', '224.0.0.1', '239.255.255.255'],
  ['240.0.0.0/4', '240.0.0.1', '255.255.255.254', '255.255.255.255'],
  ['Azure wire server', '168.63.129.16', '::ffff:168.63.129.16', '64:ff9b::168.63.129.16'],
  ['unspecified and loopback', '::', '::1', '0:0:0:0:0:0:0:1'],
  ['::/96, IPv4-compatible', '::7f00:1', '::127.0.0.1', '::8.8.8.8'],
  ['IPv4-mapped', '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:a00:1', '0:0:0:0:0:ffff:192.168.1.1'],
  ['::ffff:0:0/96 translated', '::ffff:0:127.0.0.1', '::ffff:0:808:808'],
  ['ISATAP', '::5efe:7f00:1', '2001:4860::5efe:127.0.0.1', '2001:4860::200:5efe:a00:1', 'fe80::5efe:808:808'],
  ['64:ff9b::/96 of a forbidden one', '64:ff9b::7f00:1', '64:ff9b::10.0.0.1', '64:ff9b::169.254.169.254'],
  ['64:ff9b:1::/48', '64:ff9b:1::1', '64:ff9b:1::8.8.8.8', '64:ff9b:1:ffff:ffff:ffff:ffff:ffff'],
  ['2002::/16, 6to4', '2002:7f00:1::', '2002:808:808::1'],
  ['2001::/23 with Teredo', '2001::1', '2001:0:4136:e378:8000:63bf:3fff:fdd2', '2001:1ff:ffff::1'],
  ['100::/64', '100::', '100::ffff:ffff:ffff:ffff'],
  ['100:0:0:1::/64', '100:0:0:1::', '100:0:0:1:ffff:ffff:ffff:ffff'],
  ['2001:db8::/32', '2001:db8::1', '2001:db8:ffff::1'],
  ['2620:4f:8000::/48', '2620:4f:8000::1'],
  ['3fff::/20', '3fff::1', '3fff:fff:ffff::1'],
  ['5f00::/16', '5f00::1', '5f00:ffff::1'],
  ['fc00::/7', 'fc00::1', 'fd00:ec2::254', 'fdff:ffff::1'],
  ['fe80::/10', 'fe80::1', 'febf::1'],
  ['fec0::/10', 'fec0::1', 'feff::1'],
  ['ff00::/8', 'ff02::1', 'ffff::1'],
  ['not given out', '1::1', '4000::1', '8000::1', 'e000::1'],
  ['in capitals', '::FFFF:7F00:1', '64:FF9B::7F00:1', 'FE80::1', 'FD00:EC2::254', '2002:7F00:1::', '2001:4860::5EFE:808:808'],
  ['leading noughts', '0000:0000:0000:0000:0000:ffff:7f00:0001', '0064:ff9b::7f00:0001', '2001:0db8::0001'],
  ['zone ids', 'fe80::1%eth0', '2606:4700::1%1', '::1%lo'],
  [
    'other ways to write it',
    '0177.0.0.1',
    '127.1',
    '2130706433',
    '0x7f.1',
    '010.8.8.8',
    '8.8.8.8.',
    '[2606:4700::1]',
  ],
  [
    'no address',
    '',
    ' ',
    'localhost',
    '8.8.8.8/32',
    '8.8.8.8 ',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    ':::',
    'g::1',
  ],
];

const PUBLIC = [
  '1.1.1.1',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '168.63.129.15',
  '172.15.255.255',
  '172.32.0.0',
  '192.0.1.0',
  '192.167.255.255',
  '198.17.255.255',
  '198.20.0.0',
  '223.255.255.255',
  '::ffff:8.8.8.8',
  '64:ff9b::8.8.8.8',
  '2001:200::1',
  '2001:4860:4860::8888',
  '2606:4700:4700::1111',
  '2a00:1450::5eff:1',
];

describe('AddressGuard.verdict', () => {
  it.each(FORBIDDEN)('forbids %s', (_, ...samples) => {
    const allowed = samples.filter((ip) => guard.verdict(ip) === 'allowed');
    expect(allowed).toEqual([]);
  });

  it.each(PUBLIC)('allows %s', (ip) => {
    expect(guard.verdict(ip)).toBe('allowed');
  });
});

describe('AddressGuard with opened ranges', () => {
  it('opens what is inside and nothing beside it', () => {
    const opened = new AddressGuard(['10.1.0.0/16', '::1/128']);
    const verdicts = [
      '10.1.0.0',
      '10.1.255.255',
      '::1',
      '10.0.255.255',
      '10.2.0.0',
      '::',
      '::2',
      '127.0.0.1',
    ].map((ip) => opened.verdict(ip));
    expect(verdicts).toEqual([...Array(3).fill('allowed'), ...Array(5).fill('forbidden')]);
  });

  it('opens every form that reaches an opened IPv4 address', () => {
    const opened = new AddressGuard(['127.0.0.0/8']);
    for (const ip of ['127.0.0.1', '::ffff:127.0.0.1', '::ffff:7f00:1', '64:ff9b::127.0.0.1']) {
      expect([ip, opened.verdict(ip)]).toEqual([ip, 'allowed']);
    }
    for (const ip of ['::127.0.0.1', '2002:7f00:1::', '::5efe:7f00:1', '::ffff:10.0.0.1']) {
      expect([ip, opened.verdict(ip)]).toEqual([ip, 'forbidden']);
    }
  });

  it('reads a mapped range as the IPv4 range that it is', () => {
    const opened = new AddressGuard(['::ffff:10.0.0.0/104']);
    expect(opened.verdict('10.200.0.1')).toBe('allowed');
    expect(opened.verdict('::ffff:10.0.0.1')).toBe('allowed');
    expect(opened.verdict('192.168.0.1')).toBe('forbidden');
  });

  it('does not open zone ids', () => {
    expect(new AddressGuard(['fe80::/10']).verdict('fe80::1')).toBe('allowed');
    expect(new AddressGuard(['fe80::/10']).verdict('fe80::1%eth0')).toBe('forbidden');
  });

  it('can open everything', () => {
    const opened = new AddressGuard(['0.0.0.0/0', '::/0']);
    expect([opened.verdict('127.0.0.1'), opened.verdict('fd00::1')]).toEqual(['allowed', 'allowed']);
  });

  const BAD = [
    '',
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '010.0.0.0/8',
    '127.1/8',
  ];
  it.each([...BAD, '::1/129', 'fe80::1%eth0/10', 'localhost/8', '10.0.0.0/8 '])(
    'refuses the range "%s"',
    (cidr) => {
      expect(() => new AddressGuard(['127.0.0.0/8', cidr])).toThrow(`"${cidr}" is not an address range`);
    },
  );
});

describe('AddressGuard.literalHost', () => {
  const LITERALS: [host: string, literal: string][] = [
    ['127.0.0.1', '127.0.0.1'],
    ['2130706433', '127.0.0.1'],
    ['0x7f000001', '127.0.0.1'],
    ['0x7f.1', '127.0.0.1'],
    ['0177.0.0.1', '127.0.0.1'],
    ['017700000001', '127.0.0.1'],
    ['127.1', '127.0.0.1'],
    ['127.0.1', '127.0.0.1'],
    ['0X7F000001', '127.0.0.1'],
    ['0x7f.0x0.0x0.0x1', '127.0.0.1'],
    ['2130706433.', '127.0.0.1'],
    ['0xa83f8110', '168.63.129.16'],
    ['0', '0.0.0.0'],
    ['127.0.0.1.', '127.0.0.1'],
    ['169.254.169.254.', '169.254.169.254'],
    ['127。0。0。1', '127.0.0.1'],
    ['１２７.０.０.１', '127.0.0.1'],
    ['①②⑦.⓪.⓪.①', '127.0.0.1'],
    ['%31%32%37.0.0.1', '127.0.0.1'],
    ['[::1]', '::1'],
    ['[0:0:0:0:0:0:0:1]', '::1'],
    ['[::ffff:127.0.0.1]', '::ffff:7f00:1'],
    ['[::127.0.0.1]', '::7f00:1'],
    ['[64:ff9b::127.0.0.1]', '64:ff9b::7f00:1'],
    ['[FD00:EC2::254]', 'fd00:ec2::254'],
  ];

  it.each(LITERALS)('sees the address in http://%s/', (host, literal) => {
    expect(guard.literalHost(new URL(`http://user@${host}:8080/path`))).toBe(literal);
    expect(guard.verdict(literal)).toBe('forbidden');
  });

  it.each(['localhost', 'localhost.', 'api.localhost', 'example.com', '127.0.0.1.example.com', '1.2.3.4a'])(
    'leaves the name %s to the check at connect time',
    (host) => {
      expect(guard.literalHost(new URL(`https://${host}/`))).toBeNull();
    },
  );

  it('needs no answer for hosts that URL refuses', () => {
    for (const host of ['[fe80::1%25eth0]', '256.1.1.1', '1.2.3.4.5', '0x100000000', '[::1']) {
      expect(URL.canParse(`http://${host}/`)).toBe(false);
    }
  });
});
