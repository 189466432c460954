/** Where the time comes from. Given, never taken, so that tests can move it. */
export abstract class Clock {
  /** Unix milliseconds. */
  abstract now(): number;
}

export class SystemClock extends Clock {
  now(): number {
    return Date.now();
  }
}

/** RFC 3339 in UTC with milliseconds, as every resource shows an instant. */
export function toInstant(unixMs: number): string;
export function toInstant(unixMs: number | null): string | null;
export function toInstant(unixMs: number | null): string | null {
  return unixMs === null ? null : new Date(unixMs).toISOString();
}

const FIRST_INSTANT = Date.parse('0000-01-01T00:00:00.000Z');
const LAST_INSTANT = Date.parse('9999-12-31T23:59:59.999Z');

/** Whether `toInstant` can show it: RFC 3339 has the years 0000 to 9999. */
export function isInstant(unixMs: number): boolean {
  return unixMs >= FIRST_INSTANT && unixMs <= LAST_INSTANT;
}

export function toUnixSeconds(unixMs: number): number {
  return Math.floor(unixMs / 1000);
}
