import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dieTogether, findServices, type Services } from './support/services.js';

/*
 * npm test [-- [--matrix embedded|servers] [--no-build] [arguments of vitest]]
 * Builds, then runs all tests once per matrix: `embedded` (SQLite, in-process) and `servers` (MySQL or MariaDB, Redis).
 */

const MATRICES = ['embedded', 'servers'] as const;
type Matrix = (typeof MATRICES)[number];

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** The part of vitest's JSON report that is read here. */
interface JsonReport {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: {
    name: string;
    status: string;
    message?: string;
    assertionResults: { status: string; fullName: string; failureMessages?: string[] }[];
  }[];
}

interface Outcome {
  counts: Counts;
  /** A paragraph for each failure: where, and the beginning of what it said. */
  failures: string[];
  /** Tests that passed only when they were run again, which happens in CI only. */
  secondTries: string[];
}

interface Options {
  matrices: Matrix[];
  build: boolean;
  vitestArgs: string[];
}

const MOST_FAILURES_TOLD = 20;
const MOST_LINES_OF_A_FAILURE = 25;

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const VITEST = join(ROOT, 'node_modules/vitest/vitest.mjs');

function readOptions(args: string[]): Options {
  const options: Options = { matrices: [...MATRICES], build: true, vitestArgs: [] };
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === '--no-build') {
      options.build = false;
    } else if (arg === '--matrix' || arg.startsWith('--matrix=')) {
      const name = arg === '--matrix' ? args[++i] : arg.slice('--matrix='.length);
      const matrix = MATRICES.find((known) => known === name);
      if (!matrix) throw new Error(`--matrix is one of ${MATRICES.join(', ')}`);
      options.matrices = [matrix];
    } else {
      options.vitestArgs.push(arg);
    }
  }
  return options;
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options.build) {
    say('build');
    const code = await run('npm', ['run', '--silent', 'build'], process.env);
    if (code !== 0) return code;
  }

  const services = options.matrices.includes('servers') ? await findServices() : null;
  const total: Counts = { passed: 0, failed: 0, skipped: 0 };
  const leftOut: string[] = [];
  const failures: string[] = [];
  const secondTries: string[] = [];
  try {
    for (const matrix of options.matrices) {
      const missing = matrix === 'servers' ? missingFrom(services) : [];
      if (missing.length > 0) {
        leftOut.push(`THE MATRIX "${matrix}" WAS SKIPPED: no ${missing.join(' and no ')}`);
        continue;
      }
      say(`matrix ${matrix}`);
      const outcome = await runMatrix(matrix, services, options.vitestArgs);
      add(total, outcome.counts);
      failures.push(...outcome.failures.map((failure) => `[${matrix}] ${failure}`));
      secondTries.push(...outcome.secondTries.map((name) => `[${matrix}] ${name}`));
    }
  } finally {
    await services?.stop();
  }

  const inCi = process.env.CI === 'true';
  if (leftOut.length > 0) shout([...leftOut, ...(inCi ? ['With CI=true that is a failure.'] : [])]);
  const noneRan = total.passed + total.failed === 0;
  if (noneRan) shout(['NO TEST RAN']);
  if (secondTries.length > 0) shout(['PASSED ONLY AT THE SECOND TRY, which is a bug of the test or of what it tests:', ...secondTries]);
  // Once more at the end: whoever reads only the last lines of a long log shall know what failed.
  if (failures.length > 0) console.log(`\n${failures.slice(0, MOST_FAILURES_TOLD).join('\n\n')}\n`);
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return total.failed > 0 || noneRan || (inCi && leftOut.length > 0) ? 1 : 0;
}

function missingFrom(services: Services | null): string[] {
  return [
    ...(services?.mysqlUrl
      ? []
      : ['MySQL or MariaDB (TEST_MYSQL_URL, 127.0.0.1:3306 or mariadbd on the PATH)']),
    ...(services?.redisUrl ? [] : ['Redis (TEST_REDIS_URL, 127.0.0.1:6379 or redis-server on the PATH)']),
  ];
}

async function runMatrix(matrix: Matrix, services: Services | null, vitestArgs: string[]): Promise<Outcome> {
  const directory = mkdtempSync(join(tmpdir(), 'crossdesk-test-'));
  const report = join(directory, 'report.json');
  const secondTries = join(directory, 'second-tries.json');
  try {
    const code = await run(
      process.execPath,
      [
        VITEST,
        'run',
        '--config',
        'vitest.config.ts',
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${report}`,
        '--reporter=./test/support/second-tries.ts',
        ...vitestArgs,
      ],
      {
        ...process.env,
        // The tests say themselves which database and Redis they use, whatever the caller's shell is set to.
        DATABASE_URL: undefined,
        REDIS_URL: undefined,
        TEST_MATRIX: matrix,
        TEST_SECOND_TRIES_FILE: secondTries,
        TEST_MYSQL_URL: matrix === 'servers' ? (services?.mysqlUrl ?? undefined) : undefined,
        TEST_REDIS_URL: matrix === 'servers' ? (services?.redisUrl ?? undefined) : undefined,
      },
    );
    return { ...readOutcome(report, code), secondTries: existsSync(secondTries) ? (JSON.parse(readFileSync(secondTries, 'utf8')) as string[]) : [] };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A file that could not be loaded and a run that broke off count as one failure each, so that red never looks green. */
function readOutcome(reportFile: string, exitCode: number): Omit<Outcome, 'secondTries'> {
  if (!existsSync(reportFile)) {
    return { counts: { passed: 0, failed: 1, skipped: 0 }, failures: ['the run ended without a report'] };
  }
  const report = JSON.parse(readFileSync(reportFile, 'utf8')) as JsonReport;
  const failures = report.testResults.flatMap(failuresOf);
  if (exitCode !== 0 && failures.length === 0) {
    failures.push(`vitest ended with ${exitCode}, though no test failed: see its errors above`);
  }
  return {
    counts: {
      passed: report.numPassedTests,
      failed: failures.length,
      skipped: report.numPendingTests + report.numTodoTests,
    },
    failures,
  };
}

function failuresOf(file: JsonReport['testResults'][number]): string[] {
  const where = relative(ROOT, file.name);
  const failed = file.assertionResults.filter((test) => test.status === 'failed');
  if (failed.length === 0) return file.status === 'failed' ? [describeFailure(where, file.message)] : [];
  return failed.map((test) => describeFailure(`${where}: ${test.fullName}`, test.failureMessages?.join('\n')));
}

function describeFailure(where: string, message = ''): string {
  return [where, ...message.split('\n').slice(0, MOST_LINES_OF_A_FAILURE).map((line) => `    ${line}`)].join('\n');
}

function add(total: Counts, more: Counts): void {
  total.passed += more.passed;
  total.failed += more.failed;
  total.skipped += more.skipped;
}

function run(command: string, args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: ROOT,
      env,
      stdio: 'inherit',
      shell: command === 'npm' && process.platform === 'win32',
    });
    dieTogether(child);
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

function say(what: string): void {
  console.log(`\n=== ${what} ===`);
}

function shout(lines: string[]): void {
  const bar = '!'.repeat(80);
  console.log(['', bar, ...lines.map((line) => `! ${line}`), bar, ''].join('\n'));
}

process.exitCode = await main();
