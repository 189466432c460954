import { describe, expect, it } from 'vitest';
import { afterWriting, comesTooLate } from './status-clock.js';
import type { StatusClock } from './status-clock.js';

const NEVER: StatusClock = { at: null, written: [] };

describe('the clock of a status', () => {
  it('takes the first write, whenever it was', () => {
    expect(comesTooLate(NEVER, 'processing', { at: -5, toTheSecond: false })).toBe(false);
  });

  it('takes what is newer and leaves what is older', () => {
    const clock = afterWriting(NEVER, 'processing', 1000);
    expect(comesTooLate(clock, 'resolved', { at: 1001, toTheSecond: false })).toBe(false);
    expect(comesTooLate(clock, 'resolved', { at: 999, toTheSecond: false })).toBe(true);
    expect(comesTooLate(clock, 'processing', { at: 999, toTheSecond: false })).toBe(true);
  });

  it('takes each status of one time once', () => {
    const processing = afterWriting(NEVER, 'processing', 1000);
    expect(comesTooLate(processing, 'processing', { at: 1000, toTheSecond: false })).toBe(true);
    expect(comesTooLate(processing, 'resolved', { at: 1000, toTheSecond: false })).toBe(false);
    const both = afterWriting(processing, 'resolved', 1000);
    expect([comesTooLate(both, 'processing', { at: 1000, toTheSecond: false }), comesTooLate(both, 'resolved', { at: 1000, toTheSecond: false })]).toEqual([true, true]);
  });

  it('does not know the order of writes in one second where a clock tells seconds', () => {
    const clock = afterWriting(afterWriting(NEVER, 'processing', 1100), 'pending', 1350);
    expect(clock).toEqual({ at: 1350, written: ['processing', 'pending'] });
    const second = (at: number) => ({ at, toTheSecond: true });
    expect(comesTooLate(clock, 'resolved', second(1000))).toBe(false);
    expect(comesTooLate(clock, 'resolved', { at: 1000, toTheSecond: false })).toBe(true);
    // What comes back of the writes of this second.
    for (const status of ['processing', 'pending'] as const) expect(comesTooLate(clock, status, second(1000))).toBe(true);
    expect(comesTooLate(clock, 'resolved', second(0))).toBe(true);
    expect(comesTooLate(clock, 'processing', second(2000))).toBe(false);
    expect(afterWriting(clock, 'resolved', 1000)).toEqual({ at: 1350, written: ['processing', 'pending', 'resolved'] });
  });

  it('begins anew with a newer time, and with an earlier one that was written here', () => {
    const clock = afterWriting(afterWriting(NEVER, 'processing', 9_000_000), 'resolved', 1000);
    expect(clock).toEqual({ at: 1000, written: ['resolved'] });
    expect(comesTooLate(clock, 'processing', { at: 1001, toTheSecond: false })).toBe(false);
  });
});
