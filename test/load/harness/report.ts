import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Fairness } from '../scenarios/fairness.js';
import type { Footprint } from '../scenarios/footprint.js';
import type { Latency } from '../scenarios/latency.js';
import type { LongBacklog } from '../scenarios/long-backlog.js';
import type { Backing } from './databases.js';
import { describeMachine, describePackages, type Memory, ROOT } from './machine.js';
import { count, type Share } from './measure.js';
import { type Options, SCENARIOS } from './options.js';

export interface DatabaseResults {
  backing: Backing;
  post?: Share;
  chain?: Share;
  backlog?: Share;
  'backlog-failing'?: Share;
  'backlog-many'?: Share;
  'backlog-many-failing'?: Share;
  drain?: LongBacklog;
  sockets?: Share;
  latency?: Latency;
  fairness?: Fairness;
  footprint?: Footprint;
}

type ShareName = 'post' | 'chain' | 'backlog' | 'backlog-failing' | 'backlog-many' | 'backlog-many-failing' | 'sockets';

/** How much longer the slowest hundredth may take beside bad neighbours. */
const FAIR_P99 = 2;
/** From spawn to ready, migrations included. */
const MAX_START_MS = 2000;

const SENDER = 'bare undici `Pool.request`';

const BASELINES: Record<ShareName, string> = {
  post: 'bare node:http echo',
  chain: 'bare node:http echo',
  backlog: SENDER,
  'backlog-failing': SENDER,
  'backlog-many': SENDER,
  'backlog-many-failing': SENDER,
  sockets: 'bare Socket.IO broadcast',
};

const GOALS: Record<ShareName, { sqlite: number; mysql: number }> = {
  post: { sqlite: 0.15, mysql: 0.12 },
  chain: { sqlite: 0.06, mysql: 0.06 },
  backlog: { sqlite: 0.5, mysql: 0.5 },
  'backlog-failing': { sqlite: 0.5, mysql: 0.5 },
  'backlog-many': { sqlite: 0.5, mysql: 0.5 },
  'backlog-many-failing': { sqlite: 0.5, mysql: 0.5 },
  sockets: { sqlite: 0.7, mysql: 0.7 },
};

const FILE = join(ROOT, 'docs', 'benchmarks.md');
const COSTS_HEADING = '## What costs most';
const COSTS_MISSING = '_Not written yet. This section is kept when the file is written anew._';

export function renderFigures(results: DatabaseResults[]): string {
  return [sharesTable(results), drainTable(results), latencyTable(results), fairnessTable(results), footprintTable(results)].filter((table) => table !== '').join('\n\n');
}

export function writeReport(results: DatabaseResults[], options: Options): void {
  mkdirSync(dirname(FILE), { recursive: true });
  writeFileSync(FILE, `${renderReport(results, options)}\n`);
}

function renderReport(results: DatabaseResults[], options: Options): string {
  const seen = results.flatMap(({ backing }) => backing.versions).join(', ');
  return `# Benchmarks

Written by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}${options.quick ? ' (a short run: not to be relied on)' : ''}.

| | |
|---|---|
| Machine | ${describeMachine()}; clients, receivers and servers all run on it |
| Load before the run | ${options.loadBefore.toFixed(1)} |
| Node.js | ${process.version} |
| Servers | ${seen} |
| Packages | ${describePackages()} |

${renderFigures(results)}

${METHOD}

${COSTS_HEADING}

${keptCosts()}`;
}

const METHOD = `## How it is measured

- A share is a rate divided by that of a bare program that does the least for the same purpose, in the same run, from the same client. Rates depend on the machine, shares much less. Baseline and subject take turns (B S B S … B); a round's share is its rate by the mean of the baselines before and after it; rates and shares are medians of the rounds, each for itself. Both are warmed up, but for the backlog, where both processes are new in each round.
- **${SCENARIOS.post}**: 64 connections, one request in flight on each, API key, 200 conversations, a new \`client_msg_no\` each; durable with its event and one delivery row; \`ROLES=api\`, so nothing is delivered. The echo reads, parses and answers the same requests. The client writes prepared bytes and reads nothing but status and length, so that it is not what is measured.
- **${SCENARIOS.chain}**: the same client with the worker on. Messages by the time from the first POST to the arrival of the last callback at a receiver in another process.
- **${SCENARIOS.backlog}**: a process with \`ROLES=api\` fills the table and ends; statistics and search read its events in another one, so that they cost the deliveries nothing (in the whole chain they do); one with \`ROLES=worker\` empties it. 20,000 deliveries, from the first to the last arrival at the receiver; the baseline sends the same bodies and headers over as many connections as the receiver saw. Of those that are answered with 500 the attempt is counted; the next one is due after the run.
- **${SCENARIOS.drain}**: made and emptied in the same way.
- **${SCENARIOS.sockets}**: 1,000 WebSocket clients in another process; up to 32 posted messages that not all clients have been told of. Events × clients per second; each event is waited for. The baseline broadcasts the same envelope.
- **Latency**: 100 messages/s at a constant pace, whatever the answers, worker on, one callback and one Socket.IO client; from sending the POST.
- **${SCENARIOS.fairness}**: the same endpoint at the same rate, first alone, then beside one that never answers (time-out 30 s) and one that always answers 500 and is tried again at once; from sending the POST to the arrival at the endpoint that is well.
- **Memory and start-up**: from spawn to the first 200 of \`/health/ready\`; memory as in \`/proc/PID/status\`, the load being some seconds of the whole chain from 64 connections.
- An answer other than 201, a lost event or a lost socket fails the run.`;

function sharesTable(results: DatabaseResults[]): string {
  const rows: string[] = [];
  for (const name of Object.keys(BASELINES) as ShareName[]) {
    for (const result of results) {
      const figure = result[name];
      if (figure === undefined) continue;
      const goal = GOALS[name][result.backing.name];
      const spread = `${Math.min(...figure.shares).toFixed(3)}–${Math.max(...figure.shares).toFixed(3)}`;
      rows.push(
        `| ${SCENARIOS[name]} | ${result.backing.title} | ${count(figure.subject)}/s | ${BASELINES[name]}: ${count(figure.baseline)}/s ` +
          `| **${figure.share.toFixed(3)}** (${spread}) | ${goal} | ${figure.share >= goal ? 'yes' : 'no'} |`,
      );
    }
  }
  return table('Throughput', ['Figure', 'Set-up', 'crossdesk', 'Baseline', 'Share (rounds)', 'Goal', 'Reached'], rows);
}

function drainTable(results: DatabaseResults[]): string {
  const rows = results.flatMap(({ backing, drain }) => (drain === undefined ? [] : [`| ${backing.title} | ${count(drain.deliveries)} | ${drain.rates.map(count).join(', ')} |`]));
  return table(`${SCENARIOS.drain}, to 100 endpoints`, ['Set-up', 'Deliveries', 'Per second, in each tenth'], rows);
}

function latencyTable(results: DatabaseResults[]): string {
  const rows = results.flatMap(({ backing, latency }) => {
    if (latency === undefined) return [];
    const cells = [latency.answer, latency.socket, latency.callback].map(({ p50, p99 }) => `${p50.toFixed(1)} / ${p99.toFixed(1)} ms`);
    return [`| ${backing.title} | ${cells.join(' | ')} |`];
  });
  return table('Latency at 100 messages/s, p50 / p99', ['Set-up', 'POST to answer', 'POST to socket', 'POST to callback'], rows);
}

function fairnessTable(results: DatabaseResults[]): string {
  const rows = results.flatMap(({ backing, fairness }) => {
    if (fairness === undefined) return [];
    const { alone, beside } = fairness;
    const cells = [alone, beside].map(({ p50, p99 }) => `${p50.toFixed(1)} / ${p99.toFixed(1)} ms`);
    const share = beside.p99 / alone.p99;
    return [`| ${backing.title} | ${cells.join(' | ')} | ${share.toFixed(1)} | ${FAIR_P99} | ${share <= FAIR_P99 ? 'yes' : 'no'} |`];
  });
  return table(`${SCENARIOS.fairness}, at 100 messages/s, p50 / p99`, ['Set-up', 'Alone', 'Beside them', 'Ratio of the p99', 'Goal', 'Reached'], rows);
}

function footprintTable(results: DatabaseResults[]): string {
  const rows = results.flatMap(({ backing, footprint }) => {
    if (footprint === undefined) return [];
    const starts = [footprint.firstStartMs, footprint.startMs].map((ms) => `${Math.round(ms)} ms`);
    const reached = Math.max(footprint.firstStartMs, footprint.startMs) < MAX_START_MS ? 'yes' : 'no';
    return [`| ${backing.title} | ${starts.join(' | ')} | ${MAX_START_MS} ms | ${reached} | ${mebibytes(footprint.afterStart, 'residentMiB')} | ${mebibytes(footprint.afterLoad, 'residentMiB')} | ${mebibytes(footprint.afterLoad, 'peakMiB')} |`];
  });
  const heads = ['Set-up', 'First start, with migrations', 'Start', 'Goal of both', 'Reached', 'Memory after start', 'After load', 'Peak'];
  return table('Memory and start-up', heads, rows);
}

function mebibytes(memory: Memory | null, field: keyof Memory): string {
  return memory === null ? 'unknown' : `${Math.round(memory[field])} MiB`;
}

function table(title: string, heads: string[], rows: string[]): string {
  if (rows.length === 0) return '';
  return [`## ${title}`, '', `| ${heads.join(' | ')} |`, `|${'---|'.repeat(heads.length)}`, ...rows].join('\n');
}

/** What was written by hand survives; the figures around it are new. */
function keptCosts(): string {
  if (!existsSync(FILE)) return COSTS_MISSING;
  const [, after] = readFileSync(FILE, 'utf8').split(`${COSTS_HEADING}\n`);
  return after?.split('\n## ')[0]?.trim() || COSTS_MISSING;
}
