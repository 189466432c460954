import { DateTime } from 'luxon';

const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/;
const LOCAL = /^\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2})?$/;

/**
 * Unix milliseconds of RFC 3339, or of `yyyy-MM-dd HH:mm:ss` and `yyyy-MM-dd` (its first moment) as a clock on the wall
 * of the IANA zone shows them; null for anything else and for days that do not exist. A time that summer time skips is
 * read an hour later, one that comes twice as its first.
 */
export function readInstant(text: string, timeZone: string): number | null {
  if (RFC_3339.test(text)) return finite(DateTime.fromISO(text.toUpperCase(), { setZone: true }));
  if (!LOCAL.test(text)) return null;
  const time = DateTime.fromFormat(text.length === 10 ? `${text} 00:00:00` : text, 'yyyy-MM-dd HH:mm:ss', { zone: timeZone });
  // Luxon takes one of two by the offset of today.
  return time.isValid ? Math.min(...time.getPossibleOffsets().map((possible) => possible.toMillis())) : null;
}

function finite(time: DateTime): number | null {
  return time.isValid ? time.toMillis() : null;
}
