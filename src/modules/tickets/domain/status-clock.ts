import type { TicketStatus } from './ticket-status.js';

/** When the status was written last, by the clock of who wrote it, and what was written in that second. */
export interface StatusClock {
  /** Unix milliseconds; null until the status is written for the first time after the ticket was made. */
  at: number | null;
  written: readonly TicketStatus[];
}

/** When another system says that it wrote. */
export interface WriteTime {
  at: number;
  /** Its clock tells no more than seconds. */
  toTheSecond: boolean;
}

/**
 * Whether a write of another system comes too late: a newer one is there, or this one is. Of a clock that tells seconds
 * nobody knows whether it was before or after another write of that second, here for example: different writes of one time
 * are all taken, in the order in which they come.
 */
export function comesTooLate(clock: StatusClock, status: TicketStatus, { at, toTheSecond }: WriteTime): boolean {
  if (clock.at === null) return false;
  const known = toTheSecond ? secondOf(clock.at) : clock.at;
  if (at > known) return false;
  return at < known || clock.written.includes(status);
}

export function afterWriting(clock: StatusClock, status: TicketStatus, at: number): StatusClock {
  if (clock.at === null || secondOf(clock.at) !== secondOf(at)) return { at, written: [status] };
  return { at: Math.max(clock.at, at), written: [...new Set([...clock.written, status])] };
}

function secondOf(at: number): number {
  return Math.floor(at / 1000) * 1000;
}
