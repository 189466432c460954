import { describe, expect, it } from 'vitest';
import type { RateGrant } from '../endpoints/endpoint.entity.js';
import { grantable, withGrant } from './rate-grants.js';

const NOW = Date.parse('2026-03-01T10:00:00Z');

describe('the requests granted to an endpoint', () => {
  it('are never more than its limit in any window, and soon as many as it allows', () => {
    const rule = { limit: 7, window_seconds: 2 };
    let grants: RateGrant[] = [];
    const sent: number[] = [];
    for (let now = NOW; now < NOW + 60_000; now += 37) {
      const free = Math.min(grantable(rule, grants, now).free, 1 + (now % 3));
      if (free === 0) continue;
      grants = withGrant(rule, grants, free, now);
      for (let index = 0; index < free; index++) sent.push(now);
      expect(grants.length).toBeLessThanOrEqual(18);
    }
    for (const start of sent) expect(sent.filter((at) => at >= start && at < start + 2000).length).toBeLessThanOrEqual(7);
    expect(sent.length).toBeGreaterThan(7 * 30 * 0.7);
  });

  it('say when the next one may be sent', () => {
    const rule = { limit: 2, window_seconds: 10 };
    const grants = withGrant(rule, withGrant(rule, [], 1, NOW), 1, NOW + 4000);
    expect(grantable(rule, grants, NOW + 5000)).toEqual({ free: 0, freeAt: NOW + 10_500 });
    expect(grantable(rule, grants, NOW + 10_499).free).toBe(0);
    expect(grantable(rule, grants, NOW + 10_500).free).toBe(1);
    expect(grantable(rule, grants, NOW + 20_000).free).toBe(2);
  });

  it('count from now when the clock has gone back', () => {
    const rule = { limit: 1, window_seconds: 1 };
    const grants = withGrant(rule, [], 1, NOW + 3_600_000);
    expect(grantable(rule, grants, NOW)).toEqual({ free: 0, freeAt: NOW + 1250 });
  });

  it('follow a limit that was lowered', () => {
    const grants = withGrant({ limit: 100, window_seconds: 10 }, [], 100, NOW);
    expect(grantable({ limit: 10, window_seconds: 10 }, grants, NOW + 1)).toEqual({ free: 0, freeAt: NOW + 10_500 });
  });
});
