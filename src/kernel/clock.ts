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

export function toUnixSeconds(unixMs: number): number {
  return Math.floor(unixMs / 1000);
}
