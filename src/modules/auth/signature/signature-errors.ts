import { DomainError } from '../../../kernel/domain-error.js';

export function invalidSignature(why: string): DomainError {
  return new DomainError('unauthenticated', 'auth.signature_invalid', why);
}

/** Something that must be signed is not, or something is signed that cannot be checked. */
export function unsuitableComponents(why: string): DomainError {
  return new DomainError('unauthenticated', 'auth.signature_components', why);
}

export function expiredSignature(why: string): DomainError {
  return new DomainError('unauthenticated', 'auth.signature_expired', why);
}

export function replayedSignature(): DomainError {
  return new DomainError('unauthenticated', 'auth.signature_replayed', 'This nonce was used before.');
}

export function wrongDigest(): DomainError {
  return new DomainError('unauthenticated', 'auth.digest_mismatch', 'Content-Digest has no sha-256 or sha-512 digest of this body, or a wrong one.');
}
