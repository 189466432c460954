/**
 * Kills, losses and two instances against the built service (`npm run build` first):
 *   npm run test:crash -- [--quick] [--mode sqlite|mysql|split|redis-loss|two-instances|all]
 * `--quick` kills twice in each scenario, the default is ten times. Ends with 1 when a guarantee was broken.
 */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { NotAvailable } from './environment.js';
import { mysql } from './mysql.js';
import { redisLoss } from './redis-loss.js';
import { printReport, startProgress, type ScenarioOptions, type ScenarioReport } from './report.js';
import { split } from './split.js';
import { sqlite } from './sqlite.js';
import { twoInstances } from './two-instances.js';

const SCENARIOS: Record<string, (options: ScenarioOptions) => Promise<ScenarioReport>> = {
  sqlite,
  mysql,
  split,
  'redis-loss': redisLoss,
  'two-instances': twoInstances,
};

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, mode: { type: 'string', default: 'all' } },
});
const wanted = values.mode === 'all' ? Object.keys(SCENARIOS) : values.mode.split(',');
const unknown = wanted.filter((name) => !(name in SCENARIOS));
if (unknown.length > 0) stop(`Unknown mode ${unknown.join(', ')}; there are ${Object.keys(SCENARIOS).join(', ')}, all.`);
if (!existsSync(new URL('../../dist/main.js', import.meta.url))) stop('There is no dist/main.js: run `npm run build` first.');

const outcomes: string[] = [];
let failed = false;
for (const name of wanted) outcomes.push(`${name} ${await run(name)}`);
console.log(outcomes.join(' · '));
process.exit(failed ? 1 : 0);

async function run(name: string): Promise<string> {
  const progress = startProgress(name);
  const startedAt = performance.now();
  try {
    const report = await SCENARIOS[name]!({ kills: values.quick ? 2 : 10, quick: values.quick, progress: progress.show });
    progress.end();
    printReport(name, report, (performance.now() - startedAt) / 1000);
    failed ||= report.violations.length > 0;
    return report.violations.length > 0 ? 'FAILED' : 'ok';
  } catch (error) {
    progress.end();
    const skipped = error instanceof NotAvailable && process.env.CI !== 'true';
    console.error(`\n${name}: ${skipped ? 'SKIPPED' : 'FAILED'}: ${skipped ? error.message : (error as Error).stack}\n`);
    failed ||= !skipped;
    return skipped ? 'SKIPPED' : 'FAILED';
  }
}

function stop(message: string): never {
  console.error(message);
  process.exit(2);
}
