import { createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { ValidateBy } from 'class-validator';
import type { Signing } from './endpoint.entity.js';

const SHARED = 'whsec_';
const PRIVATE = 'whsk_';
const PUBLIC = 'whpk_';
const MIN_BYTES = 24;
const MAX_BYTES = 64;
const SEED_BYTES = 32;
/** What stands before the seed in PKCS #8 of an ed25519 key (RFC 8410). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

/** `whsec_…`, or for ed25519 `whsk_…` in the form of Standard Webhooks: seed and public key. */
export function newSecret(signing: Signing): string {
  if (signing === 'hmac') return SHARED + randomBytes(32).toString('base64');
  const { d, x } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  return PRIVATE + Buffer.concat([Buffer.from(d!, 'base64url'), Buffer.from(x!, 'base64url')]).toString('base64');
}

/** The HMAC key that a secret stands for. */
export function secretKeyOf(secret: string): Buffer {
  return Buffer.from(secret.slice(SHARED.length), 'base64');
}

export function privateKeyOf(secret: string): KeyObject {
  const seed = bytesOfPair(secret).subarray(0, SEED_BYTES);
  return createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' });
}

/** `whpk_…`, which receivers verify with; null for a shared secret. */
export function publicKeyOf(secret: string): string | null {
  return secret.startsWith(PRIVATE) ? PUBLIC + bytesOfPair(secret).subarray(SEED_BYTES).toString('base64') : null;
}

function bytesOfPair(secret: string): Buffer {
  return Buffer.from(secret.slice(PRIVATE.length), 'base64');
}

/** `whsec_` and the base64 of 24 to 64 bytes, as Standard Webhooks asks. */
export function IsEndpointSecret(): PropertyDecorator {
  return ValidateBy({
    name: 'isEndpointSecret',
    validator: {
      validate: (value) => {
        if (typeof value !== 'string' || !/^whsec_[A-Za-z0-9+/]+={0,2}$/.test(value)) return false;
        // Without its padding most receivers cannot read it, although Node can.
        if ((value.length - SHARED.length) % 4 !== 0) return false;
        const { length } = secretKeyOf(value);
        return length >= MIN_BYTES && length <= MAX_BYTES;
      },
      defaultMessage: () => `$property must be whsec_ and the base64 of ${MIN_BYTES} to ${MAX_BYTES} bytes, with its padding`,
    },
  });
}
