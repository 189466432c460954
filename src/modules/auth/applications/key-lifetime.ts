import { invalidField } from '../../../kernel/domain-error.js';

/** Of one kind and application: each change to an application reaches all its keys. */
export const MAX_KEYS = 1000;
export const MAX_OVERLAP_SECONDS = 7 * 24 * 60 * 60;
/** How long keys that have ended are kept. */
export const KEPT_MS = 30 * 24 * 60 * 60 * 1000;
const DEFAULT_OVERLAP_SECONDS = 24 * 60 * 60;

interface Lifetime {
  created_at: number;
  expires_at: number | null;
}

export function readExpiry(text: string | null | undefined, now: number): number | null {
  if (text === null || text === undefined) return null;
  const instant = Date.parse(text);
  if (instant <= now) throw invalidField('expires_at', 'in_the_past', 'expires_at must lie in the future');
  return instant;
}

/** A key takes the place of another one, which ends after the overlap. One that would expire lives as long again. */
export function rotatedLifetimes(old: Lifetime, now: number, overlapSeconds = DEFAULT_OVERLAP_SECONDS): { oldExpiresAt: number; newExpiresAt: number | null } {
  const end = now + overlapSeconds * 1000;
  return {
    oldExpiresAt: Math.min(end, old.expires_at ?? end),
    newExpiresAt: old.expires_at === null ? null : now + (old.expires_at - old.created_at),
  };
}
