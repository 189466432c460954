import type { Zone } from 'luxon';
import { QUARTERS_PER_DAY, QUARTER_MS, dayOf, startOfDay } from '../cells/cell.js';
import type { DayRange } from '../facts/read-days.js';

/** What time contributes to a row: null where the report does not ask for it. */
export interface Moment {
  /** `2026-03-01`, as the zone has it. */
  date: string | null;
  /** 0 to 23. */
  hour: number | null;
}

export const MINUTE_MS = 60_000;

/** Cuts quarters of an hour, which are kept in UTC, into the days and hours of a time zone. */
export class TimeCut {
  readonly moments: Moment[] = [];
  private readonly places = new Map<string, number>();

  constructor(
    private readonly zone: Zone,
    private readonly fromMs: number,
    private readonly toMs: number,
    private readonly by: { date: boolean; hour: boolean },
  ) {}

  /** The UTC days that have a part in it. */
  get days(): DayRange {
    return { first: dayOf(this.fromMs), last: dayOf(this.toMs - 1) };
  }

  /** For each quarter of an UTC day its place in `moments`; -1 for those that lie outside. */
  placesOf(day: string): Int32Array {
    const begin = startOfDay(day);
    const places = new Int32Array(QUARTERS_PER_DAY).fill(-1);
    const [first, last] = [this.zone.offset(begin), this.zone.offset(begin + (QUARTERS_PER_DAY - 1) * QUARTER_MS)];
    for (let quarter = 0; quarter < QUARTERS_PER_DAY; quarter++) {
      const at = begin + quarter * QUARTER_MS;
      if (at < this.fromMs || at >= this.toMs) continue;
      // Clocks are changed once on a day at the most: only then each moment is asked for.
      const offset = first === last ? first : this.zone.offset(at);
      places[quarter] = this.placeOf(at + offset * MINUTE_MS);
    }
    return places;
  }

  private placeOf(localMs: number): number {
    const local = new Date(localMs);
    const moment = { date: this.by.date ? dayOf(localMs) : null, hour: this.by.hour ? local.getUTCHours() : null };
    const key = `${moment.date} ${moment.hour}`;
    const known = this.places.get(key);
    if (known !== undefined) return known;
    this.places.set(key, this.moments.push(moment) - 1);
    return this.moments.length - 1;
  }
}
