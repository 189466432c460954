/**
 * Kills, losses and two instances against the built service (`npm run build` first):
 *   npm run test:crash -- [--quick] [--mode sqlite,moments|all]
 * `--quick` kills twice in each scenario, the default is ten times, and runs three scenarios at a time. Ends with 1 when a guarantee was broken.
 */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { clockJump } from './clock-jump.js';
import { NotAvailable, stopServices } from './environment.js';
import { fullDisk } from './full-disk.js';
import { moments } from './moments.js';
import { mysqlRestart } from './mysql-restart.js';
import { mysql } from './mysql.js';
import { redisLoss } from './redis-loss.js';
import { printReport, printTable, startProgress, type TableRow, type ScenarioOptions, type ScenarioReport } from './report.js';
import { split } from './split.js';
import { sqlite } from './sqlite.js';
import { twoInstances } from './two-instances.js';

const SCENARIOS: Record<string, (options: ScenarioOptions) => Promise<ScenarioReport>> = {
  sqlite,
  mysql,
  split,
  moments,
  'redis-loss': redisLoss,
  'mysql-restart': mysqlRestart,
  'full-disk': fullDisk,
  'clock-jump': clockJump,
  'two-instances': twoInstances,
};

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, mode: { type: 'string', default: 'all' } },
});
const wanted = values.mode === 'all' ? Object.keys(SCENARIOS) : values.mode.split(',');
const unknown = wanted.filter((name) => !(name in SCENARIOS));
if (unknown.length > 0) stop(`Unknown mode ${unknown.join(', ')}; there are ${Object.keys(SCENARIOS).join(', ')}, all.`);
if (!existsSync(new URL('../../dist/main.js', import.meta.url))) stop('There is no dist/main.js: run `npm run build` first.');

const waiting = [...wanted];
const rows: TableRow[] = [];
await Promise.all(Array.from({ length: values.quick ? 3 : 1 }, runWaiting));
await stopServices();
printTable(wanted.map((name) => rows.find((row) => row.scenario === name)!));
process.exit(rows.some(({ outcome }) => outcome === 'FAILED') ? 1 : 0);

async function runWaiting(): Promise<void> {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) rows.push(await run(name));
}

async function run(name: string): Promise<TableRow> {
  const progress = startProgress(name);
  const startedAt = performance.now();
  const seconds = (): number => (performance.now() - startedAt) / 1000;
  try {
    const report = await SCENARIOS[name]!({ kills: values.quick ? 2 : 10, quick: values.quick, progress: progress.show });
    progress.end();
    printReport(name, report, seconds());
    return { scenario: name, outcome: report.violations.length > 0 ? 'FAILED' : 'ok', seconds: seconds(), figures: report.figures };
  } catch (error) {
    progress.end();
    const skipped = error instanceof NotAvailable && process.env.CI !== 'true';
    const outcome = skipped ? 'SKIPPED' : 'FAILED';
    console.error(`\n${'!'.repeat(80)}\n${name}: ${outcome}: ${skipped ? error.message : (error as Error).stack}\n${'!'.repeat(80)}\n`);
    return { scenario: name, outcome, seconds: seconds(), figures: {} };
  }
}

function stop(message: string): never {
  console.error(message);
  process.exit(2);
}
