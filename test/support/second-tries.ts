import { relative } from 'node:path';
import { writeFileSync } from 'node:fs';
import type { Reporter, TestCase } from 'vitest/node';

/**
 * Writes the tests that failed once and passed when they were run again, as a JSON array of names. Vitest's own JSON
 * report has them among those that passed.
 */
export default class SecondTries implements Reporter {
  private readonly names: string[] = [];

  onTestCaseResult(test: TestCase): void {
    if (test.diagnostic()?.flaky === true) this.names.push(`${relative(process.cwd(), test.module.moduleId)}: ${test.fullName}`);
  }

  onTestRunEnd(): void {
    const file = process.env.TEST_SECOND_TRIES_FILE;
    if (file !== undefined) writeFileSync(file, JSON.stringify(this.names));
  }
}
