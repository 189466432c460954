import { DateTime } from 'luxon';
import { isInstant } from '../../kernel/clock.js';

const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/;
const LOCAL = /^\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2})?$/;

/**
 * Unix milliseconds of RFC 3339, or of `yyyy-MM-dd HH:mm:ss` and `yyyy-MM-dd` (its first moment) as a clock on the wall
 * of the IANA zone shows them; null for anything else, for days that do not exist and for instants outside of the years
 * 0000 to 9999 in UTC. A time that summer time skips is read an hour later, one that comes twice as its first.
 */
export function readInstant(text: string, timeZone: string): number | null {
  const instant = RFC_3339.test(text) ? DateTime.fromISO(text.toUpperCase(), { setZone: true }).toMillis() : readLocal(text, timeZone);
  return isInstant(instant) ? instant : null;
}

/** The first moment of a day that a calendar in UTC shows, as clocks in the zone have it. */
export function firstMomentOf(day: DateTime, timeZone: string): number {
  return first(day.startOf('day').setZone(timeZone, { keepLocalTime: true }));
}

function readLocal(text: string, timeZone: string): number {
  if (!LOCAL.test(text)) return Number.NaN;
  return first(DateTime.fromFormat(text.length === 10 ? `${text} 00:00:00` : text, 'yyyy-MM-dd HH:mm:ss', { zone: timeZone }));
}

/** Luxon takes one of two by the offset of today. */
function first(time: DateTime): number {
  return time.isValid ? Math.min(...time.getPossibleOffsets().map((possible) => possible.toMillis())) : Number.NaN;
}
