import { FixedOffsetZone, IANAZone } from 'luxon';
import type { Zone } from 'luxon';

const OFFSET = /^[+-]?(\d{1,2}):?(\d{2})?$/;
const MAX_HOURS = 14;

/** An IANA name, or an offset from UTC such as `+5:45`; null for anything else. A `+` in a query arrives as a space. */
export function findZone(text: string): Zone | null {
  const [, hours, minutes = '00'] = OFFSET.exec(text.trim()) ?? [];
  if (hours === undefined) return IANAZone.isValidZone(text) ? IANAZone.create(text) : null;
  const total = Number(hours) * 60 + Number(minutes);
  // Figures are kept by the quarter of an hour, of which every offset on Earth is made.
  if (total > MAX_HOURS * 60 || Number(minutes) > 59 || total % 15 !== 0) return null;
  return FixedOffsetZone.instance(text.startsWith('-') ? -total : total);
}
