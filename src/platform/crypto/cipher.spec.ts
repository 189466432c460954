import { createCipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Cipher } from './cipher.js';

const OLD = 'the key of the year before this one';
const NEW = 'the key of this year, more recent';

/** The three parts of a stored value, with one bit of one byte of one part turned round. */
function flipped(stored: string, part: 1 | 2, byte: number): string {
  const parts = stored.split('.');
  const bytes = Buffer.from(parts[part]!, 'base64url');
  bytes[byte < 0 ? bytes.length + byte : byte]! ^= 1;
  parts[part] = bytes.toString('base64url');
  return parts.join('.');
}

describe('the cipher', () => {
  const cipher = new Cipher([NEW, OLD]);

  it.each(['', 'a', 'whsec_abc', '你好 👋', 'x'.repeat(100_000)])('gives back what it was given (%#)', (plain) => {
    expect(cipher.decrypt(cipher.encrypt(plain, 'test'), 'test')).toBe(plain);
  });

  it('shows nothing of the text, and writes the same text differently each time', () => {
    const stored = Array.from({ length: 100 }, () => cipher.encrypt('plain to see', 'test'));
    expect(new Set(stored).size).toBe(100);
    for (const each of stored) {
      expect(each).toMatch(/^v1\.[\w-]{16}\.[\w-]+$/);
      expect(Buffer.from(each.split('.')[2]!, 'base64url').toString('latin1')).not.toContain('plain');
    }
  });

  it('notices every change', () => {
    const stored = cipher.encrypt('plain', 'test');
    const changed = [
      flipped(stored, 1, 0), flipped(stored, 1, -1), flipped(stored, 2, 0), flipped(stored, 2, 5), flipped(stored, 2, -1),
      stored.slice(0, -3), `${stored}AAAA`, stored.replace('v1', 'v2'), stored.replace('v1.', ''), '', 'plain', 'v1..', `v1.${stored}`,
    ];
    for (const each of changed) expect(() => cipher.decrypt(each, 'test')).toThrow(/^A stored test /);
  });

  it('takes no shorter tag, which would be easier to guess', () => {
    const key = Buffer.from(hkdfSync('sha256', NEW, 'crossdesk', 'stored secrets', 32));
    for (const authTagLength of [4, 8, 12]) {
      const nonce = randomBytes(12);
      const short = createCipheriv('aes-256-gcm', key, nonce, { authTagLength });
      short.setAAD(Buffer.from('test'));
      const tag = Buffer.concat([short.final(), short.getAuthTag()]);
      expect(() => cipher.decrypt(`v1.${nonce.toString('base64url')}.${tag.toString('base64url')}`, 'test')).toThrow(/^A stored test /);
    }
  });

  it('decrypts for the same purpose only', () => {
    const stored = cipher.encrypt('plain', 'callback secret');
    expect(() => cipher.decrypt(stored, 'callback headers')).toThrow('A stored callback headers was encrypted with a key');
  });

  it('encrypts with the first key and decrypts with all of them', () => {
    const before = new Cipher([OLD]).encrypt('plain', 'test');
    expect(cipher.decrypt(before, 'test')).toBe('plain');
    const after = cipher.encrypt('plain', 'test');
    expect(new Cipher([NEW]).decrypt(after, 'test')).toBe('plain');
    expect(() => new Cipher([OLD]).decrypt(after, 'test')).toThrow('a key that SECRET_KEY does not hold');
    expect(() => new Cipher([NEW]).decrypt(before, 'test')).toThrow('a key that SECRET_KEY does not hold');
    expect(() => new Cipher([])).toThrow('At least one');
  });
});
