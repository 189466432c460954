import type { EndpointRateLimit, RateGrant } from '../endpoints/endpoint.entity.js';

/** Grants of one part of a window are kept as one, so that no limit makes the row grow. */
const PARTS = 16;
/**
 * From the grant to the arrival at the receiver takes a moment, and not always the same: a grant counts for longer than
 * its window by this part of it, half a second at the most.
 */
const SLACK = 0.25;
const MAX_SLACK_MS = 500;

/**
 * How many requests may be sent now so that no window of that length, wherever it begins, sees more than the limit;
 * and when the next may, if none may now.
 */
export function grantable({ limit, window_seconds }: EndpointRateLimit, grants: readonly RateGrant[], now: number): { free: number; freeAt: number } {
  const living = livingGrants(window_seconds, grants, now);
  const used = living.reduce((sum, [, count]) => sum + count, 0);
  const free = Math.max(0, limit - used);
  const oldest = living[0];
  return { free, freeAt: free > 0 || oldest === undefined ? now : oldest[0] + lifeOf(window_seconds) };
}

/** The grants to remember when `count` more are given now. */
export function withGrant({ window_seconds }: EndpointRateLimit, grants: readonly RateGrant[], count: number, now: number): RateGrant[] {
  const living = livingGrants(window_seconds, grants, now);
  const last = living.at(-1);
  const part = (at: number): number => Math.floor((at * PARTS) / (window_seconds * 1000));
  // Counted from its last request: rather too late than too early.
  if (last !== undefined && part(last[0]) === part(now)) return [...living.slice(0, -1), [now, last[1] + count]];
  return [...living, [now, count]];
}

/** What a clock that went back left in the future counts from now: it must not hold up an endpoint for as long as it went back. */
function livingGrants(windowSeconds: number, grants: readonly RateGrant[], now: number): RateGrant[] {
  return grants.map(([at, count]): RateGrant => [Math.min(at, now), count]).filter(([at]) => at + lifeOf(windowSeconds) > now);
}

function lifeOf(windowSeconds: number): number {
  const windowMs = windowSeconds * 1000;
  return windowMs + Math.min(windowMs * SLACK, MAX_SLACK_MS);
}
