import { DateTime } from 'luxon';
import { describe, expect, it } from 'vitest';
import { firstMomentOf, readInstant } from './local-time.js';

const read = (text: string, zone = 'Asia/Shanghai'): string | null => {
  const instant = readInstant(text, zone);
  return instant === null ? null : new Date(instant).toISOString();
};

describe('readInstant', () => {
  it.each([
    ['2023-10-26 12:00:00', 'Asia/Shanghai', '2023-10-26T04:00:00.000Z'],
    ['2023-10-26', 'Asia/Shanghai', '2023-10-25T16:00:00.000Z'],
    ['2023-10-26 12:00:00', 'Asia/Kathmandu', '2023-10-26T06:15:00.000Z'],
    ['2023-10-26T12:00:00Z', 'Asia/Shanghai', '2023-10-26T12:00:00.000Z'],
    ['2023-10-26t12:00:00.5+02:00', 'Asia/Shanghai', '2023-10-26T10:00:00.500Z'],
    ['2024-02-29', 'UTC', '2024-02-29T00:00:00.000Z'],
    ['0000-01-01', 'UTC', '0000-01-01T00:00:00.000Z'],
    ['9999-12-31T23:59:59.999Z', 'UTC', '9999-12-31T23:59:59.999Z'],
  ])('reads %s in %s', (text, zone, instant) => {
    expect(read(text, zone)).toBe(instant);
  });

  it('reads a time that summer time skips an hour later', () => {
    expect(read('2024-03-31 02:30:00', 'Europe/Berlin')).toBe('2024-03-31T01:30:00.000Z');
  });

  it('reads a time that comes twice as its first', () => {
    expect(read('2024-10-27 02:30:00', 'Europe/Berlin')).toBe('2024-10-27T00:30:00.000Z');
  });

  it.each([
    '', '2023-02-29', '2023-13-01', '2023-10-26 24:00:01', '2023-10-26 12:60:00', '2023-10-26T12:00:00', '2023-10-26 12:00', '26.10.2023',
    ' 2023-10-26', '2023-10-26 12:00:00 ', '1698321600', '2023-10-26T12:00:00+25:00',
  ])('does not read %j', (text) => {
    expect(read(text)).toBeNull();
  });

  it.each([
    ['9999-12-31T23:59:59-05:00', 'UTC'], ['0000-01-01T00:00:00+05:00', 'UTC'], ['9999-12-31 23:59:59', 'America/New_York'], ['0000-01-01', 'Asia/Shanghai'],
  ])('does not read %s in %s, whose year in UTC has not four digits', (text, zone) => {
    expect(read(text, zone)).toBeNull();
  });
});

describe('firstMomentOf', () => {
  it.each([
    ['2023-10-26', 'Asia/Shanghai', '2023-10-25T16:00:00.000Z'], ['2024-11-03', 'America/Havana', '2024-11-03T04:00:00.000Z'], ['2024-03-31', 'Asia/Beirut', '2024-03-30T22:00:00.000Z'],
    ['0000-01-01', 'UTC+8', '-000001-12-31T16:00:00.000Z'],
  ])('of %s in %s', (day, zone, instant) => {
    expect(new Date(firstMomentOf(DateTime.fromISO(day, { zone: 'utc' }), zone)).toISOString()).toBe(instant);
  });
});
