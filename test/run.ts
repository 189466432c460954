import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  testResults: { status: string; assertionResults: { status: string }[] }[];
}

interface Options {
  matrices: Matrix[];
  build: boolean;
  vitestArgs: string[];
}

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
  try {
    for (const matrix of options.matrices) {
      const missing = matrix === 'servers' ? missingFrom(services) : [];
      if (missing.length > 0) {
        leftOut.push(`THE MATRIX "${matrix}" WAS SKIPPED: no ${missing.join(' and no ')}`);
        continue;
      }
      say(`matrix ${matrix}`);
      add(total, await runMatrix(matrix, services, options.vitestArgs));
    }
  } finally {
    await services?.stop();
  }

  const inCi = process.env.CI === 'true';
  if (leftOut.length > 0) shout([...leftOut, ...(inCi ? ['With CI=true that is a failure.'] : [])]);
  const noneRan = total.passed + total.failed === 0;
  if (noneRan) shout(['NO TEST RAN']);
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

async function runMatrix(matrix: Matrix, services: Services | null, vitestArgs: string[]): Promise<Counts> {
  const directory = mkdtempSync(join(tmpdir(), 'crossdesk-test-'));
  const report = join(directory, 'report.json');
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
        ...vitestArgs,
      ],
      {
        ...process.env,
        // The tests say themselves which database and Redis they use, whatever the caller's shell is set to.
        DATABASE_URL: undefined,
        REDIS_URL: undefined,
        TEST_MATRIX: matrix,
        TEST_MYSQL_URL: matrix === 'servers' ? (services?.mysqlUrl ?? undefined) : undefined,
        TEST_REDIS_URL: matrix === 'servers' ? (services?.redisUrl ?? undefined) : undefined,
      },
    );
    return count(report, code);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A file that could not be loaded and a run that broke off count as one failure each, so that red never looks green. */
function count(reportFile: string, exitCode: number): Counts {
  if (!existsSync(reportFile)) return { passed: 0, failed: 1, skipped: 0 };
  const report = JSON.parse(readFileSync(reportFile, 'utf8')) as JsonReport;
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const failed = report.numFailedTests + brokenFiles;
  return {
    passed: report.numPassedTests,
    failed: exitCode !== 0 && failed === 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  };
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
