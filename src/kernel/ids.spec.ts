import { describe, expect, it } from 'vitest';
import { ID_PATTERN, ID_PREFIXES, newId, ulid } from './ids.js';
import type { IdKind } from './ids.js';

const TIME_DIGITS = 10;

function timeOf(id: string): number {
  const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
  return [...id.slice(0, TIME_DIGITS)].reduce((sum, digit) => sum * 32 + alphabet.indexOf(digit), 0);
}

describe('ids', () => {
  it.each(Object.keys(ID_PREFIXES) as IdKind[])('of %s have its prefix and the pattern of the API', (kind) => {
    const id = newId(kind);
    expect(id).toMatch(/^[a-z]+_[0-9a-z]{26}$/);
    expect(id).toMatch(ID_PATTERN);
    expect(id.split('_')[0]).toBe(ID_PREFIXES[kind]);
    // Crockford's digits: none that is taken for another one.
    expect(id.split('_')[1]).not.toMatch(/[ilou]/);
  });

  it('have a prefix for each kind', () => {
    const prefixes = Object.values(ID_PREFIXES);
    expect(new Set(prefixes).size).toBe(prefixes.length);
  });

  it('are unique and increase, within a millisecond too', () => {
    const ids = Array.from({ length: 100_000 }, () => ulid());
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.toSorted()).toEqual(ids);
    const ofOneMoment = Array.from({ length: 100_000 }, () => ulid(ids.length));
    expect(new Set([...ids, ...ofOneMoment]).size).toBe(200_000);
    expect(ofOneMoment.toSorted()).toEqual(ofOneMoment);
  });

  it('carry the time of their making', () => {
    const before = Date.now();
    const time = timeOf(ulid());
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(Date.now());
  });

  it('go on increasing when the clock goes back', () => {
    const future = Date.now() + 60_000;
    const first = ulid(future);
    expect(timeOf(first)).toBe(future);
    const later = [ulid(future - 1), ulid(future - 60_000), ulid(1), ulid(future)];
    expect([first, ...later].toSorted()).toEqual([first, ...later]);
    expect(timeOf(ulid(future + 1))).toBe(future + 1);
  });

  it('cannot be guessed from the one before', () => {
    const moment = Date.now() + 120_000;
    const tails = Array.from({ length: 1000 }, () => ulid(moment).slice(TIME_DIGITS));
    const digitsInCommon = tails.slice(1).map((tail, index) => [...tail].findIndex((digit, at) => digit !== tails[index]![at]));
    // The last ten digits, 50 bits, step by chance.
    expect(Math.max(...digitsInCommon)).toBeLessThanOrEqual(10);
  });
});
