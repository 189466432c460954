import { relative } from 'node:path';
import { writeFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import type { Reporter, TestCase } from 'vitest/node';

/** Enough for what was expected, what came instead, and where. */
const MOST_LINES = 25;

/**
 * Writes the tests that failed once and passed when they were run again, as a JSON array of texts: each a name and why it
 * failed. Vitest's own JSON report has them among those that passed.
 */
export default class SecondTries implements Reporter {
  private readonly texts: string[] = [];

  onTestCaseResult(test: TestCase): void {
    if (test.diagnostic()?.flaky !== true) return;
    const why = (test.result().errors ?? []).flatMap(({ message, diff, stacks }) => [message, diff ?? '', ...(stacks ?? []).map(({ file, line }) => `at ${relative(process.cwd(), file)}:${line}`)]);
    const lines = stripVTControlCharacters(why.join('\n')).split('\n').slice(0, MOST_LINES).map((line) => `    ${line}`);
    this.texts.push([`${relative(process.cwd(), test.module.moduleId)}: ${test.fullName}`, ...lines].join('\n'));
  }

  onTestRunEnd(): void {
    const file = process.env.TEST_SECOND_TRIES_FILE;
    if (file !== undefined) writeFileSync(file, JSON.stringify(this.texts));
  }
}
