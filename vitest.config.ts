import { defineConfig } from 'vitest/config';

/**
 * One run is one matrix: `embedded` (SQLite, in-process) or `servers` (MySQL or MariaDB, Redis).
 * `npm test` runs both, see test/run.ts; plain `npx vitest` runs the embedded one.
 */
const matrix = process.env.TEST_MATRIX ?? 'embedded';

export default defineConfig({
  test: {
    name: matrix,
    include: ['src/**/*.spec.ts', 'test/**/*.spec.ts'],
    globals: false,
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    // Among 17,000 tests of real processes one in some runs meets a stalled machine. What needs its second try is named at the end.
    retry: process.env.CI === 'true' ? 1 : 0,
    env: { TEST_MATRIX: matrix },
  },
});
