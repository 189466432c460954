import { DomainError } from '../../kernel/domain-error.js';

export interface NonceClaim {
  /** Whether nobody had claimed it before. */
  fresh: boolean;
  /** Unix ms from which on the store knows every claim: it may have been restarted or emptied. */
  knowsSince: number;
}

export interface NonceUse {
  /** Whose nonce it is; those of others do not count. */
  owner: string;
  nonce: string;
  /** Unix ms at which nobody would accept it any more, by the same clock as `now`. */
  until: number;
  now: number;
}

/**
 * Remembers what may be used once. Of any number of claims of one nonce, at the same time and on any instance, one is
 * fresh, as long as the store has not lost its memory: whoever claims holds the age of what it accepts against
 * `knowsSince`. What cannot be remembered is refused with `auth.nonces_unavailable`, never let through.
 */
export abstract class NonceStore {
  abstract claim(use: NonceUse): Promise<NonceClaim>;
}

export function noncesUnavailable(): DomainError {
  return new DomainError('unavailable', 'auth.nonces_unavailable', 'Signed requests cannot be told from repeated ones at the moment.');
}
