import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const VERSION = 'v1';
const TAG_BYTES = 16;

/**
 * Encrypts what is stored but must be read again, with AES-256-GCM. `purpose` is bound to the ciphertext, so that
 * a value copied into another column does not decrypt. The first key encrypts, all of them decrypt.
 */
export class Cipher {
  private readonly keys: Buffer[];

  constructor(secretKeys: readonly string[]) {
    this.keys = secretKeys.map((secret) => Buffer.from(hkdfSync('sha256', secret, 'crossdesk', 'stored secrets', 32)));
    if (this.keys.length === 0) throw new Error('At least one secret key is needed.');
  }

  encrypt(plain: string, purpose: string): string {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.keys[0]!, nonce);
    cipher.setAAD(Buffer.from(purpose));
    const sealed = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return `${VERSION}.${nonce.toString('base64url')}.${sealed.toString('base64url')}`;
  }

  decrypt(stored: string, purpose: string): string {
    const [version, nonce, sealed, ...more] = stored.split('.');
    if (version !== VERSION || nonce === undefined || sealed === undefined || more.length > 0) throw new Error(`A stored ${purpose} cannot be read.`);
    const bytes = Buffer.from(sealed, 'base64url');
    for (const key of this.keys) {
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64url'), { authTagLength: TAG_BYTES });
        decipher.setAAD(Buffer.from(purpose));
        decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
        return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]).toString('utf8');
      } catch {
        // Encrypted with another of the keys.
      }
    }
    throw new Error(`A stored ${purpose} was encrypted with a key that SECRET_KEY does not hold.`);
  }
}
