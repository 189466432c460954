import { DateTime } from 'luxon';

export const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** From and to on a clock on the wall, `HH:mm`. One that ends before it begins goes on over midnight; `24:00` is midnight. */
export interface OpenInterval {
  from: string;
  to: string;
}

export type WeeklyHours = Partial<Record<Weekday, OpenInterval[]>>;

/** A date with hours of its own instead of those of its weekday; without any it is closed. */
export interface Holiday {
  /** `yyyy-MM-dd`. */
  date: string;
  name?: string;
  hours?: OpenInterval[];
}

/** Hours in a time zone. Each interval belongs to the day on which it begins. */
export interface OpeningHours {
  timeZone: string;
  weekly: WeeklyHours;
  holidays: readonly Holiday[];
}

interface Span {
  fromMs: number;
  toMs: number;
}

export function isOpenAt(hours: OpeningHours, atMs: number): boolean {
  return openSpans(hours, atMs, atMs + 1).length > 0;
}

/** Milliseconds of opening between two moments; 0 where the second is not later. */
export function openMsBetween(hours: OpeningHours, fromMs: number, toMs: number): number {
  return openSpans(hours, fromMs, toMs).reduce((sum, span) => sum + span.toMs - span.fromMs, 0);
}

/** What is open between two moments, in order, without overlaps. */
function openSpans(hours: OpeningHours, fromMs: number, toMs: number): Span[] {
  const spans: Span[] = [];
  const holidays = new Map(hours.holidays.map((holiday) => [holiday.date, holiday.hours ?? []]));
  // What began the day before may go on over midnight.
  let day = DateTime.fromMillis(fromMs, { zone: hours.timeZone }).startOf('day').minus({ days: 1 });
  for (; day.toMillis() < toMs; day = day.plus({ days: 1 }).startOf('day')) {
    const intervals = holidays.get(day.toISODate()!) ?? hours.weekly[WEEKDAYS[day.weekday - 1]!] ?? [];
    for (const { from, to } of intervals) {
      const span = { fromMs: Math.max(momentOf(day, from), fromMs), toMs: Math.min(momentOf(to > from ? day : day.plus({ days: 1 }), to), toMs) };
      if (span.fromMs < span.toMs) spans.push(span);
    }
  }
  return withoutOverlaps(spans.toSorted((a, b) => a.fromMs - b.fromMs));
}

/** A time that summer time skips is the moment at which it would have been, one that comes twice is its first. */
function momentOf(day: DateTime, time: string): number {
  const [hour, minute] = time.split(':').map(Number) as [number, number];
  const date = hour === 24 ? day.plus({ days: 1 }) : day;
  return date.set({ hour: hour % 24, minute, second: 0, millisecond: 0 }).toMillis();
}

function withoutOverlaps(sorted: readonly Span[]): Span[] {
  const merged: Span[] = [];
  for (const span of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && span.fromMs <= last.toMs) last.toMs = Math.max(last.toMs, span.toMs);
    else merged.push({ ...span });
  }
  return merged;
}
