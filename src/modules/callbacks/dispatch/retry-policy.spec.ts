import { describe, expect, it } from 'vitest';
import { retryDelayMs } from './retry-policy.js';

const NOW = Date.parse('2026-03-01T10:00:00Z');
const MIDDLE = 0.5;
const aFailure = { statusCode: 500, timedOut: false, retryAfter: null };
const theDefault = { scheduleSeconds: [0, 5, 30], ownSchedule: false, attempts: 1 };

describe('retryDelayMs', () => {
  it('follows the schedule', () => {
    expect(retryDelayMs(aFailure, theDefault, NOW, MIDDLE)).toBe(5000);
    expect(retryDelayMs(aFailure, { ...theDefault, attempts: 2 }, NOW, MIDDLE)).toBe(30_000);
  });

  it('ends when the schedule is used up', () => {
    expect(retryDelayMs(aFailure, { ...theDefault, attempts: 3 }, NOW, MIDDLE)).toBeNull();
  });

  it('varies by 20 % either way', () => {
    expect(retryDelayMs(aFailure, theDefault, NOW, 0)).toBe(4000);
    expect(retryDelayMs(aFailure, theDefault, NOW, 1)).toBe(6000);
  });

  it('waits a minute after 429 and time-outs, unless the endpoint has a schedule of its own', () => {
    expect(retryDelayMs({ ...aFailure, statusCode: 429 }, theDefault, NOW, MIDDLE)).toBe(60_000);
    expect(retryDelayMs({ ...aFailure, statusCode: null, timedOut: true }, theDefault, NOW, MIDDLE)).toBe(60_000);
    expect(retryDelayMs({ ...aFailure, statusCode: 429 }, { ...theDefault, ownSchedule: true }, NOW, MIDDLE)).toBe(5000);
  });

  it('honours Retry-After in seconds and as a date, never sooner than the schedule and never past an hour', () => {
    const after = (retryAfter: string) => retryDelayMs({ ...aFailure, statusCode: 503, retryAfter }, theDefault, NOW, MIDDLE);
    expect(after('120')).toBe(120_000);
    expect(after('Sun, 01 Mar 2026 10:02:00 GMT')).toBe(120_000);
    expect(after('1')).toBe(5000);
    expect(after('Sun, 01 Mar 2026 09:00:00 GMT')).toBe(5000);
    for (const huge of ['999999999999', '99999999999999999999', '9'.repeat(400)]) expect(after(huge)).toBe(3_600_000);
    for (const nonsense of ['soon', '', '-5', '1e9']) expect(after(nonsense)).toBe(5000);
  });
});
