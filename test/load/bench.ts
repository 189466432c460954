import { type Backing, type DatabaseName, openBacking } from './harness/databases.js';
import { monotonicMs } from './harness/clock.js';
import type { Context } from './harness/context.js';
import { type Options, readOptions, type ScenarioName, SCENARIOS, USAGE } from './harness/options.js';
import { type DatabaseResults, renderFigures, writeReport } from './harness/report.js';
import { Scope } from './harness/scope.js';
import { stopReaper } from './harness/service.js';
import { measureBacklog } from './scenarios/callback-backlog.js';
import { measureFairness } from './scenarios/fairness.js';
import { measureFootprint } from './scenarios/footprint.js';
import { measureLatency } from './scenarios/latency.js';
import { measureLongBacklog } from './scenarios/long-backlog.js';
import { measurePosts } from './scenarios/post-messages.js';
import { measureBroadcast } from './scenarios/socket-broadcast.js';
import { measureChain } from './scenarios/whole-chain.js';

const MEASURES = {
  post: measurePosts,
  chain: measureChain,
  backlog: (context) => measureBacklog(context),
  'backlog-failing': (context) => measureBacklog(context, { endpoints: 1, failing: 0.2 }),
  'backlog-many': (context) => measureBacklog(context, { endpoints: 100, failing: 0 }),
  'backlog-many-failing': (context) => measureBacklog(context, { endpoints: 100, failing: 0.2 }),
  drain: measureLongBacklog,
  sockets: measureBroadcast,
  latency: measureLatency,
  fairness: measureFairness,
  footprint: measureFootprint,
} satisfies Record<ScenarioName, (context: Context) => Promise<unknown>>;

const INTERRUPTED = 130;
const CLEAN_UP_MS = 3_000;
const BUSY = 0.7;

async function measureDatabase(name: DatabaseName, options: Options): Promise<DatabaseResults> {
  return await Scope.run(async (scope) => {
    const backing = await openBacking(name, scope);
    const results: DatabaseResults = { backing };
    console.log(`\n${backing.title}: ${backing.versions.join(', ')}`);
    for (const scenario of options.scenarios) Object.assign(results, { [scenario]: await measure(scenario, backing, options) });
    return results;
  });
}

async function measure(scenario: ScenarioName, backing: Backing, { quick, rounds }: Options): Promise<unknown> {
  const startedAt = monotonicMs();
  const log = (text: string): void => console.log(`  ${text}`);
  console.log(`\n${SCENARIOS[scenario]} (${backing.name})`);
  const result = await MEASURES[scenario]({ backing, quick, rounds, log });
  log(`took ${Math.round((monotonicMs() - startedAt) / 1_000)} s`);
  return result;
}

async function main(options: Options): Promise<void> {
  if (options.loadBefore > BUSY) console.warn(`Load average ${options.loadBefore.toFixed(1)}: other programs are running, do not rely on the figures.`);
  const results: DatabaseResults[] = [];
  for (const name of options.databases) results.push(await measureDatabase(name, options));
  console.log(`\n${renderFigures(results)}\n`);
  if (!options.write) {
    console.log('Printed only: docs/benchmarks.md is written by a whole run, or with --write.');
    return;
  }
  writeReport(results, options);
  console.log('Written: docs/benchmarks.md');
}

let interrupted = false;

function interrupt(): void {
  if (interrupted) return;
  interrupted = true;
  setTimeout(() => process.exit(INTERRUPTED), CLEAN_UP_MS).unref();
  void Scope.closeAll().finally(() => process.exit(INTERRUPTED));
}

function parse(): Options {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    process.exit(2);
  }
}

const parsed = parse();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
const parent = process.ppid;
setInterval(() => process.ppid !== parent && interrupt(), 500).unref(); // whoever ran this was killed
try {
  await main(parsed);
} catch (error) {
  process.exitCode = 1;
  if (!interrupted) console.error('\nThe benchmark failed:', error);
}
if (!interrupted) {
  await stopReaper();
  process.exit();
}
