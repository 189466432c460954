import { expect, it } from 'vitest';
import { backOffMs } from './back-off.js';

it('waits longer with each failure, and not for ever', () => {
  expect([1, 2, 3, 8, 9, 1000].map((failures) => backOffMs(failures, null, 0))).toEqual([5000, 10_000, 20_000, 640_000, 900_000, 900_000]);
  expect(backOffMs(1, null, 1)).toBe(6000);
});

it('waits as long as it is asked to, up to an hour', () => {
  expect(backOffMs(1, 60_000, 0)).toBe(60_000);
  expect(backOffMs(9, 60_000, 0)).toBe(900_000);
  expect(backOffMs(1, 86_400_000, 0)).toBe(3_600_000);
});
