import { httpDateMs } from './http-date.js';

/** How an attempt ended that was no success. */
export interface FailedAttempt {
  /** Null when no answer came. */
  statusCode: number | null;
  timedOut: boolean;
  /** The `Retry-After` header as it came. */
  retryAfter: string | null;
}

export interface RetryState {
  scheduleSeconds: readonly number[];
  /** The default schedule is stretched for a receiver that is too busy, an endpoint's own is not. */
  ownSchedule: boolean;
  /** How many attempts this schedule has seen, the failed one included. */
  attempts: number;
}

const JITTER = 0.2;
const OVERLOAD_FLOOR_MS = 60_000;
const MAX_RETRY_AFTER_MS = 60 * 60 * 1000;

/**
 * Milliseconds until the next attempt, or null when the schedule is used up. Every delay varies by ±20 %, so that
 * receivers that were down are not met by everyone at once. `random` is 0 to 1.
 */
export function retryDelayMs(failure: FailedAttempt, state: RetryState, nowMs: number, random: number): number | null {
  const seconds = state.scheduleSeconds[state.attempts];
  if (seconds === undefined) return null;
  const jittered = Math.round(seconds * 1000 * (1 - JITTER + 2 * JITTER * random));
  const overloaded = failure.statusCode === 429 || failure.timedOut;
  const base = overloaded && !state.ownSchedule ? Math.max(jittered, OVERLOAD_FLOOR_MS) : jittered;
  const asked = failure.retryAfter === null ? null : retryAfterMs(failure.retryAfter, nowMs);
  return asked === null ? base : Math.max(base, Math.min(asked, MAX_RETRY_AFTER_MS));
}

/** Seconds or an HTTP date; null for anything else. */
function retryAfterMs(header: string, nowMs: number): number | null {
  const text = header.trim();
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const at = httpDateMs(text, nowMs);
  return at === null ? null : Math.max(0, at - nowMs);
}
