/**
 * How long reports take over a year of 5 million messages in 250,000 conversations.
 *
 *   npm run bench:statistics -- [--db sqlite|mysql] [--conversations 250000] [--messages 20] [--rounds 5]
 *
 * Conversations and messages are put into the tables directly, and counted by POST /statistics/rebuild. Needs a build.
 */
import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { readConfig } from '../../src/platform/config/config.js';
import { dataSourceOptions } from '../../src/platform/database/data-source-options.js';
import { Database } from '../../src/platform/database/database.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { openBacking } from './harness/databases.js';
import type { DatabaseName } from './harness/databases.js';
import { processorMsOf } from './harness/machine.js';
import { median } from './harness/measure.js';
import { Scope } from './harness/scope.js';
import { HEADERS, startService, stopReaper } from './harness/service.js';
import { fillYear } from './harness/statistics-year.js';
import type { YearSize } from './harness/statistics-year.js';

const REPORTS = [
  'type=conversation',
  'type=conversation&dimensions=agent,category',
  'type=conversation&dimensions=date',
  'type=conversation&dimensions=date&timezone=Asia/Kathmandu',
  'type=conversation&dimensions=date,hour&timezone=America/New_York',
  'type=conversation&dimensions=date,agent',
  'type=conversation&dimensions=agent,department,channel,category,priority,status',
  'type=satisfaction&dimensions=agent',
  'type=message',
  'type=message&dimensions=date',
  'type=message&dimensions=agent,channel&timezone=Asia/Kathmandu',
  'type=message&dimensions=hour,category',
  'type=agent&dimensions=agent',
];

const { values } = parseArgs({
  options: {
    db: { type: 'string' },
    conversations: { type: 'string', default: '250000' },
    messages: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '5' },
  },
});
const size: YearSize = { year: 2025, agents: 50, conversations: Number(values.conversations), messagesEach: Number(values.messages) };

try {
  for (const name of values.db === undefined ? (['sqlite', 'mysql'] as const) : [values.db as DatabaseName]) await Scope.run((scope) => measure(name, scope));
} finally {
  await stopReaper();
}

async function measure(name: DatabaseName, scope: Scope): Promise<void> {
  const backing = await openBacking(name, scope);
  const env = await backing.createEnvironment(scope);
  console.log(`\n${backing.title} (${backing.versions.join(', ')}): ${size.conversations} conversations, ${size.conversations * size.messagesEach} messages`);
  // The first start makes the tables, the organization and its key.
  await Scope.run(async (inner) => void (await startService(env, inner)));
  await inDatabase(env, async (unitOfWork) => timed('filled', () => fillYear(unitOfWork, size)));
  const service = await startService(env, scope);
  await timed('counted', async () => {
    await ask(service.url, '/statistics/rebuild', 'POST');
    while ((await ask(service.url, '/statistics/rebuild')).body.status === 'running') await sleep(1000);
  });
  // Workers pack every 20 seconds; what is not packed is slower to read, and just as right.
  await timed('packed', () => inDatabase(env, async (unitOfWork) => {
    const stale = async (): Promise<number> => Number((await unitOfWork.query<{ count: number }>('SELECT COUNT(*) AS count FROM statistics_days WHERE stale = 1'))[0]!.count);
    while ((await stale()) > 0) await sleep(1000);
  }));
  for (const report of REPORTS) {
    const times: number[] = [];
    let rows = 0;
    const usedBefore = processorMsOf(service.pid);
    for (let round = 0; round < Number(values.rounds); round++) {
      const { ms, body } = await ask(service.url, `/statistics/report?${report}&start_date=${size.year}-01-01&end_date=${size.year}-12-31`);
      times.push(ms);
      rows = body.rows.length;
    }
    const used = (processorMsOf(service.pid) - usedBefore) / times.length;
    console.log(`${String(Math.round(median(times))).padStart(6)} ms (at the most ${Math.round(Math.max(...times))}, on the processor ${Math.round(used)})  ${String(rows).padStart(6)} rows  ${report}`);
  }
}

async function inDatabase(env: Record<string, string>, work: (unitOfWork: UnitOfWork) => Promise<unknown>): Promise<void> {
  const config = readConfig({ ...env, SECRET_KEY: 'of no use to who writes no secrets' });
  const writer = await Database.openWriter(dataSourceOptions(config));
  const database = await Database.over(writer, config);
  try {
    await work(new UnitOfWork(database));
  } finally {
    await database.close();
    await writer.destroy();
  }
}

async function timed(what: string, work: () => Promise<unknown>): Promise<void> {
  const begunAt = performance.now();
  await work();
  console.log(`${what} in ${((performance.now() - begunAt) / 1000).toFixed(1)} s`);
}

async function ask(url: string, path: string, method = 'GET'): Promise<{ ms: number; body: any }> {
  const begunAt = performance.now();
  const answer = await fetch(`${url}/api/v1${path}`, { method, headers: { 'x-api-key': HEADERS['x-api-key'] } });
  const text = await answer.text();
  const ms = performance.now() - begunAt;
  if (!answer.ok) throw new Error(`${method} ${path} was answered with ${answer.status}: ${text}`);
  return { ms, body: JSON.parse(text) };
}
