import { createPublicKey, createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { invalidField } from '../../../kernel/domain-error.js';

export const SIGNING_ALGORITHMS = ['hmac-sha256', 'ed25519'] as const;
export type SigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number];

export interface KeyMaterial {
  algorithm: SigningAlgorithm;
  /** For hmac-sha256; the key is the text itself, byte by byte. */
  secret: string | null;
  /** For ed25519. */
  publicKey: string | null;
  /** Where the pair was made here: shown once and kept nowhere. */
  privateKey: string | null;
}

/** For ed25519 a pair of our making, unless the caller keeps its private key to itself and gives the public one. */
export function newKeyMaterial(algorithm: SigningAlgorithm, givenPublicKey: string | undefined): KeyMaterial {
  if (algorithm === 'hmac-sha256') {
    if (givenPublicKey !== undefined) throw invalidField('public_key', 'not_for_algorithm', 'hmac-sha256 has no public key');
    return { algorithm, secret: `sgs_${randomBytes(32).toString('base64url')}`, publicKey: null, privateKey: null };
  }
  if (givenPublicKey !== undefined) return { algorithm, secret: null, publicKey: readPublicKey(givenPublicKey), privateKey: null };
  const { publicKey, privateKey } = generateKeyPairSync('ed25519', {
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return { algorithm, secret: null, publicKey, privateKey };
}

export function verificationKey({ secret, publicKey }: Pick<KeyMaterial, 'secret' | 'publicKey'>): KeyObject {
  return secret === null ? createPublicKey(publicKey!) : createSecretKey(secret, 'utf8');
}

/** Written anew, so that nothing but the key is stored. A private key would do for Node, and must not come near us. */
function readPublicKey(pem: string): string {
  const fault = invalidField('public_key', 'is_ed25519_public_key', 'public_key must be an Ed25519 public key as PEM: -----BEGIN PUBLIC KEY-----');
  if (!/^\s*-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----\s*$/.test(pem)) throw fault;
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    throw fault;
  }
  if (key.asymmetricKeyType !== 'ed25519') throw fault;
  return key.export({ type: 'spki', format: 'pem' }) as string;
}
