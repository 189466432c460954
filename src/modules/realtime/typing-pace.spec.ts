import { describe, expect, it } from 'vitest';
import { TypingPace } from './typing-pace.js';

describe('the pace of typing', () => {
  it('lets the same through once a second, and a change at once', () => {
    const pace = new TypingPace();
    expect([0, 1, 500, 999, 1000, 1500].map((at) => pace.admits('a', true, at))).toEqual([true, false, false, false, true, false]);
    expect([pace.admits('a', false, 1600), pace.admits('a', false, 1700), pace.admits('b', true, 1700)]).toEqual([true, false, true]);
  });

  it('lets five through in a second, whatever they are', () => {
    const pace = new TypingPace();
    const first = Array.from({ length: 20 }, (_, index) => pace.admits('a', index % 2 === 0, index));
    expect(first.filter(Boolean)).toHaveLength(5);
    expect(pace.admits('b', true, 998)).toBe(false);
    expect(pace.admits('b', true, 1001)).toBe(true);
  });
});
