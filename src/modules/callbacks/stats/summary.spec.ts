import { describe, expect, it } from 'vitest';
import type { AttemptRow } from './stats.repository.js';
import { summarize } from './summary.js';

let number = 0;

function attempt(over: Partial<AttemptRow> = {}): AttemptRow {
  number += 1;
  return { number, started_at: number, duration_ms: 10, status_code: 200, error_class: null, ...over };
}

describe('the summary of attempts', () => {
  it('knows nothing of none', () => {
    expect(summarize([])).toEqual({ attempts: 0, succeeded: 0, failed: 0, successRate: null, p50Ms: null, p95Ms: null, lastSuccess: null, lastFailure: null });
  });

  it('takes the smallest duration that a share does not exceed', () => {
    const rows = Array.from({ length: 100 }, (_, index) => attempt({ duration_ms: 100 - index }));
    expect(summarize(rows)).toMatchObject({ p50Ms: 50, p95Ms: 95 });
    expect(summarize([attempt({ duration_ms: 7 })])).toMatchObject({ p50Ms: 7, p95Ms: 7 });
    expect(summarize([attempt({ duration_ms: 1 }), attempt({ duration_ms: 9 })])).toMatchObject({ p50Ms: 1, p95Ms: 9 });
  });

  it('counts as failed what had no answer, another status, or an answer that the format refused', () => {
    const rows = [
      attempt(), attempt({ status_code: 204 }), attempt({ status_code: 301 }), attempt({ status_code: 500 }),
      attempt({ status_code: null, error_class: 'timeout' }), attempt({ status_code: 200, error_class: 'rejected' }),
    ];
    expect(summarize(rows)).toMatchObject({ attempts: 6, succeeded: 2, failed: 4, successRate: 2 / 6 });
  });

  it('finds the last of each in whatever order they come', () => {
    const first = attempt();
    const second = attempt({ status_code: 500 });
    const third = attempt({ status_code: 502, started_at: second.started_at });
    const summary = summarize([third, first, second]);
    expect([summary.lastSuccess, summary.lastFailure]).toEqual([first, third]);
  });
});
