import { createHmac, createPublicKey, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { matchesDigest } from './content-digest.js';
import { readSignature } from './signed-request.js';
import type { ReceivedRequest } from './signed-request.js';

/** RFC 9421, B.1 and B.2: keys and the request that they sign. */
const SHARED_SECRET = Buffer.from('uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==', 'base64');
const ED25519 = createPublicKey('-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=\n-----END PUBLIC KEY-----');
const BODY = Buffer.from('{"hello": "world"}');
const DIGEST = 'sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:';
const HEADERS = {
  Host: 'example.com', Date: 'Tue, 20 Apr 2021 02:07:55 GMT', 'Content-Type': 'application/json', 'Content-Digest': DIGEST, 'Content-Length': '18',
};

/** The vectors have no nonce, which this service demands: it is put where it changes nothing that is looked at. */
const PARAMETERS = ';created=1618884473;keyid="test-key";nonce="n-1"';

function received(headers: Record<string, string | string[]>, over: Partial<ReceivedRequest> = {}): ReceivedRequest {
  const rawHeaders = Object.entries({ ...HEADERS, ...headers }).flatMap(([name, values]) => [values].flat().flatMap((value) => [name, value]));
  return { method: 'POST', target: '/foo?param=Value&Pet=dog', authority: 'example.com', secure: true, rawHeaders, ...over };
}

function signed(input: string, over: Partial<ReceivedRequest> = {}): ReceivedRequest {
  return received({ 'Signature-Input': `sig1=${input}`, Signature: 'sig1=:AAAA:' }, over);
}

/** The lines of the base without its last one, which repeats the input. */
function linesOf(request: ReceivedRequest): string[] {
  return readSignature(request).base.toString().split('\n').slice(0, -1);
}

function codeOf(request: ReceivedRequest): string {
  try {
    readSignature(request);
    return 'none';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

/** What a vector without a nonce would have signed. */
function asPublished(base: Buffer): Buffer {
  return Buffer.from(base.toString().replace(/;nonce="n-1"$/, ''));
}

describe('the vectors of RFC 9421', () => {
  it('has B.2.5: hmac-sha256', () => {
    const input = 'sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"';
    const { base, signature, keyId, created } = readSignature(
      received({ 'Signature-Input': `${input};nonce="n-1"`, Signature: 'sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:' }),
    );
    expect({ keyId, created }).toEqual({ keyId: 'test-shared-secret', created: 1618884473 });
    expect(createHmac('sha256', SHARED_SECRET).update(asPublished(base)).digest()).toEqual(signature);
  });

  it('has B.2.6: ed25519', () => {
    const input = 'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"';
    const { base, signature } = readSignature(
      received({ 'Signature-Input': `${input};nonce="n-1"`, Signature: 'sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:' }),
    );
    expect(verify(null, asPublished(base), ED25519, signature)).toBe(true);
    expect(verify(null, base, ED25519, signature)).toBe(false);
  });

  it('has the digest of their body', () => {
    expect(matchesDigest(DIGEST, BODY)).toBe(true);
    expect(matchesDigest(DIGEST, Buffer.from('{"hello": "World"}'))).toBe(false);
  });
});

describe('the signature base', () => {
  const ALL = `("@method" "@authority" "@path" "@query" "content-digest")${PARAMETERS}`;

  it('has every component and the parameters', () => {
    expect(readSignature(signed(ALL)).base.toString()).toBe(
      [
        '"@method": POST', '"@authority": example.com', '"@path": /foo', '"@query": ?param=Value&Pet=dog', `"content-digest": ${DIGEST}`,
        `"@signature-params": ${ALL}`,
      ].join('\n'),
    );
  });

  it.each([
    ['/a/../b%7e/', '/a/../b%7e/', '?'],
    ['/?', '/', '?'],
    ["/a?x='|{}&&", '/a', "?x='|{}&&"],
    ['/a?b?c', '/a', '?b?c'],
    ['//host/a', '//host/a', '?'],
  ])('takes the target %s as it came', (target, path, query) => {
    expect(linesOf(signed(`("@path" "@query")${PARAMETERS}`, { target }))).toEqual([`"@path": ${path}`, `"@query": ${query}`]);
  });

  it.each([
    ['Example.COM', true, 'example.com'],
    ['example.com:443', true, 'example.com'],
    ['example.com:80', true, 'example.com:80'],
    ['example.com:80', false, 'example.com'],
    ['[::1]:3000', false, '[::1]:3000'],
  ])('writes the authority %s as RFC 9421 says', (authority, secure, written) => {
    expect(linesOf(signed(`("@authority")${PARAMETERS}`, { authority, secure }))).toEqual([`"@authority": ${written}`]);
  });

  it('joins what came in several fields', () => {
    const request = received({ 'X-A': ['1 ', ' 2'], 'Signature-Input': `sig1=("x-a")${PARAMETERS}`, Signature: 'sig1=:AAAA:' });
    expect(linesOf(request)).toEqual(['"x-a": 1, 2']);
  });
});

describe('a signature that can be read in two ways', () => {
  it.each([
    ['several signatures', { 'Signature-Input': `a=("@method")${PARAMETERS}, b=("@method")${PARAMETERS}`, Signature: 'a=:AAAA:, b=:AAAA:' }],
    ['several fields', { 'Signature-Input': [`a=("@method")${PARAMETERS}`, `b=("@method")${PARAMETERS}`], Signature: 'a=:AAAA:' }],
    ['other names', { 'Signature-Input': `a=("@method")${PARAMETERS}`, Signature: 'b=:AAAA:' }],
    ['no signature', { 'Signature-Input': `a=("@method")${PARAMETERS}` }],
    ['no input', { Signature: 'a=:AAAA:' }],
    ['no list', { 'Signature-Input': 'a="@method"', Signature: 'a=:AAAA:' }],
    ['no bytes', { 'Signature-Input': `a=("@method")${PARAMETERS}`, Signature: 'a="AAAA"' }],
    ['no dictionary', { 'Signature-Input': 'a=("@method', Signature: 'a=:AAAA:' }],
    ['nothing', { 'Signature-Input': '', Signature: '' }],
  ])('is invalid: %s', (_name, headers) => {
    expect(codeOf(received(headers))).toBe('auth.signature_invalid');
  });

  it.each([
    `("@method";req)${PARAMETERS}`, `("@method" "@method")${PARAMETERS}`, `("content-digest";sf)${PARAMETERS}`, `("content-digest";key="sha-512")${PARAMETERS}`,
    `("@target-uri")${PARAMETERS}`, `("@query-param";name="param")${PARAMETERS}`, `("@status")${PARAMETERS}`, `("@signature-params")${PARAMETERS}`,
    `("Date")${PARAMETERS}`, `(date)${PARAMETERS}`, `("x-absent")${PARAMETERS}`, `("")${PARAMETERS}`, `("a\\"b")${PARAMETERS}`,
    '("@method");created=1;keyid="k"', '("@method");created=1;nonce="n"', '("@method");nonce="n";keyid="k"', '("@method");created="1";nonce="n";keyid="k"',
    '("@method");created=1.5;nonce="n";keyid="k"', '("@method");created=-1;nonce="n";keyid="k"',
    '("@method");created=1;nonce=n;keyid="k"', '("@method");created=1;nonce="";keyid="k"', '("@method");created=1;nonce="n";keyid=:AAAA:',
    '("@method");created=1;nonce="n";keyid="k";expires="2"', '("@method");created=1;nonce="n";keyid="k";alg=ed25519',
    `("@method");created=1;keyid="k";nonce="${'n'.repeat(201)}"`,
    `(${Array.from({ length: 51 }, (_, index) => `"x-${index}"`).join(' ')})${PARAMETERS}`,
  ])('does not suit: %s', (input) => {
    expect(codeOf(signed(input))).toBe('auth.signature_components');
  });

  it.each([
    ['a target with an origin', { target: 'http://example.com/foo' }],
    ['a target with a fragment', { target: '/foo#bar' }],
    ['a target beyond ASCII', { target: '/f\u00fc' }],
    ['two hosts', { rawHeaders: [...signed(`("@method")${PARAMETERS}`).rawHeaders, 'host', 'other.example'] }],
  ])('does not suit: %s', (_name, over) => {
    expect(codeOf(signed(`("@method" "@path")${PARAMETERS}`, over))).toBe('auth.signature_components');
  });
});

describe('a Content-Digest', () => {
  const SHA_256 = 'sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:';

  it.each([SHA_256, `${SHA_256}, ${DIGEST}`, `unixsum=:AAAA:, ${SHA_256}`])('is right: %s', (header) => {
    expect(matchesDigest(header, BODY)).toBe(true);
  });

  it.each(['', 'sha-256', 'sha-256="X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE="', 'unixsum=:AAAA:', 'sha-256=:AAAA:', `${DIGEST}, sha-256=:AAAA:`, 'sha-256=::', '%%', 'sha-256=()'])(
    'is wrong: %s',
    (header) => {
      expect(matchesDigest(header, BODY)).toBe(false);
    },
  );
});
