import type { AttemptRow } from './stats.repository.js';

export interface Summary {
  attempts: number;
  succeeded: number;
  failed: number;
  successRate: number | null;
  p50Ms: number | null;
  p95Ms: number | null;
  lastSuccess: AttemptRow | null;
  lastFailure: AttemptRow | null;
}

/** An answer of 2xx that the format does not take for success is kept with an error class. */
export function hasSucceeded({ status_code: status, error_class: errorClass }: Pick<AttemptRow, 'status_code' | 'error_class'>): boolean {
  return errorClass === null && status !== null && status >= 200 && status < 300;
}

export function summarize(rows: readonly AttemptRow[]): Summary {
  const successes = rows.filter(hasSucceeded);
  const failures = rows.filter((row) => !hasSucceeded(row));
  const durations = rows.map((row) => row.duration_ms).toSorted((a, b) => a - b);
  return {
    attempts: rows.length,
    succeeded: successes.length,
    failed: failures.length,
    successRate: rows.length === 0 ? null : successes.length / rows.length,
    p50Ms: percentile(durations, 0.5),
    p95Ms: percentile(durations, 0.95),
    lastSuccess: latest(successes),
    lastFailure: latest(failures),
  };
}

/** The smallest value that at least this share of all does not exceed. */
function percentile(sorted: readonly number[], share: number): number | null {
  return sorted.length === 0 ? null : sorted[Math.ceil(sorted.length * share) - 1]!;
}

function latest(rows: readonly AttemptRow[]): AttemptRow | null {
  return rows.reduce<AttemptRow | null>((last, row) => (last === null || row.started_at > last.started_at || (row.started_at === last.started_at && row.number > last.number) ? row : last), null);
}
