import { DateTime } from 'luxon';
import { describe, expect, it } from 'vitest';
import { isOpenAt, openMsBetween } from './opening-hours.js';
import type { OpeningHours } from './opening-hours.js';

const HOUR_MS = 3_600_000;

const inZone = (timeZone: string, over: Partial<OpeningHours> = {}): OpeningHours => ({
  timeZone,
  weekly: {
    monday: [{ from: '09:00', to: '12:30' }, { from: '13:30', to: '18:00' }],
    friday: [{ from: '22:00', to: '02:00' }],
    saturday: [{ from: '22:00', to: '06:00' }],
    sunday: [{ from: '00:00', to: '24:00' }],
  },
  holidays: [],
  ...over,
});
const at = (zone: string, text: string): number => DateTime.fromISO(text, { zone }).toMillis();

describe('opening hours', () => {
  const shanghai = inZone('Asia/Shanghai');

  it.each([
    ['2026-03-02T08:59:59.999', false],
    ['2026-03-02T09:00', true],
    ['2026-03-02T12:29:59.999', true],
    ['2026-03-02T12:30', false],
    ['2026-03-02T13:30', true],
    ['2026-03-02T18:00', false],
    ['2026-03-03T10:00', false],
    ['2026-03-06T21:59', false],
    ['2026-03-06T23:00', true],
    ['2026-03-07T01:59', true],
    ['2026-03-07T02:00', false],
    ['2026-03-08T00:00', true],
    ['2026-03-08T23:59:59', true],
    ['2026-03-09T00:00', false],
  ])('at %s are open: %s', (text, open) => {
    expect(isOpenAt(shanghai, at('Asia/Shanghai', text))).toBe(open);
  });

  it('are those of their zone', () => {
    const moment = at('Asia/Shanghai', '2026-03-02T10:00');
    expect(isOpenAt(shanghai, moment)).toBe(true);
    expect(isOpenAt(inZone('Europe/Berlin'), moment)).toBe(false);
    expect(isOpenAt(inZone('Asia/Kathmandu'), at('Asia/Kathmandu', '2026-03-02T09:00'))).toBe(true);
  });

  it('have dates of their own, and what began the day before ends as it would', () => {
    const holidays = [{ date: '2026-03-02', hours: [{ from: '10:00', to: '11:00' }] }, { date: '2026-03-07' }];
    const hours = inZone('Asia/Shanghai', { holidays });
    const open = (text: string): boolean => isOpenAt(hours, at('Asia/Shanghai', text));
    expect([open('2026-03-02T09:30'), open('2026-03-02T10:30'), open('2026-03-02T14:00')]).toEqual([false, true, false]);
    expect([open('2026-03-07T01:00'), open('2026-03-07T23:00')]).toEqual([true, false]);
  });

  it('count the time between two moments', () => {
    const between = (from: string, to: string): number => openMsBetween(shanghai, at('Asia/Shanghai', from), at('Asia/Shanghai', to)) / HOUR_MS;
    expect(between('2026-03-02T10:00', '2026-03-02T11:00')).toBe(1);
    expect(between('2026-03-02T12:00', '2026-03-02T14:00')).toBe(1);
    expect(between('2026-03-02T00:00', '2026-03-03T00:00')).toBe(8);
    // Friday 4 h; Saturday from 22:00 to 24:00, the rest of it within Sunday.
    expect(between('2026-03-02T00:00', '2026-03-09T00:00')).toBe(8 + 4 + 2 + 24);
    expect(between('2026-03-03T00:00', '2026-03-04T00:00')).toBe(0);
    expect(between('2026-03-02T11:00', '2026-03-02T10:00')).toBe(0);
  });

  it('are as long as the clock makes the night in which summer time begins or ends', () => {
    const berlin = inZone('Europe/Berlin', { weekly: { saturday: [{ from: '22:00', to: '06:00' }], monday: [{ from: '09:00', to: '17:00' }] } });
    const hoursOf = (from: string, to: string): number => openMsBetween(berlin, at('Europe/Berlin', from), at('Europe/Berlin', to)) / HOUR_MS;
    expect(hoursOf('2026-03-21T12:00', '2026-03-22T12:00')).toBe(8);
    expect(hoursOf('2026-03-28T12:00', '2026-03-29T12:00')).toBe(7);
    expect(hoursOf('2026-10-24T12:00', '2026-10-25T12:00')).toBe(9);
    expect(hoursOf('2026-03-30T00:00', '2026-03-31T00:00')).toBe(8);
    // 09:00 in winter and in summer.
    expect([isOpenAt(berlin, Date.UTC(2026, 2, 23, 8)), isOpenAt(berlin, Date.UTC(2026, 2, 30, 7))]).toEqual([true, true]);
    expect(isOpenAt(berlin, Date.UTC(2026, 2, 23, 7))).toBe(false);
  });

  it('begin at a time that summer time skips when it would have been, and end at one that comes twice when it is first', () => {
    const berlin = inZone('Europe/Berlin', { weekly: { sunday: [{ from: '02:30', to: '04:00' }] } });
    expect(openMsBetween(berlin, Date.UTC(2026, 2, 29), Date.UTC(2026, 2, 30))).toBe(0.5 * HOUR_MS);
    const ending = inZone('Europe/Berlin', { weekly: { sunday: [{ from: '01:00', to: '02:30' }] } });
    expect(openMsBetween(ending, Date.UTC(2026, 9, 24, 12), Date.UTC(2026, 9, 25, 12))).toBe(1.5 * HOUR_MS);
  });

  it('know days without a midnight', () => {
    // In Beirut the clock went from 24:00 to 01:00 when the 29th of March 2026 began.
    const beirut = inZone('Asia/Beirut', { weekly: { sunday: [{ from: '00:00', to: '24:00' }], monday: [{ from: '00:00', to: '24:00' }] } });
    expect(openMsBetween(beirut, at('Asia/Beirut', '2026-03-28T00:00'), at('Asia/Beirut', '2026-04-01T00:00'))).toBe(47 * HOUR_MS);
  });

  it('count what intervals have in common once', () => {
    const hours = inZone('UTC', { weekly: { monday: [{ from: '09:00', to: '12:00' }, { from: '10:00', to: '11:00' }, { from: '11:30', to: '13:00' }] } });
    expect(openMsBetween(hours, Date.UTC(2026, 2, 2), Date.UTC(2026, 2, 3))).toBe(4 * HOUR_MS);
  });
});
