/**
 * How large the words of 400,000 messages are, how long they take to be made, and how long searches take.
 *
 *   npm run bench:search -- [--db sqlite|mysql] [--conversations 20000] [--messages 20] [--rounds 7]
 *
 * Conversations and messages are put into the tables directly; npm run search:rebuild makes their words. Needs a build.
 */
import 'reflect-metadata';
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readConfig } from '../../src/platform/config/config.js';
import { dataSourceOptions } from '../../src/platform/database/data-source-options.js';
import { Database } from '../../src/platform/database/database.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { openBacking } from './harness/databases.js';
import type { DatabaseName } from './harness/databases.js';
import { ROOT } from './harness/machine.js';
import { median } from './harness/measure.js';
import { Scope } from './harness/scope.js';
import { fillTexts } from './harness/search-texts.js';
import type { Corpus } from './harness/search-texts.js';
import { HEADERS, startService, stopReaper } from './harness/service.js';

const SECRET_KEY = 'of no use to who writes no secrets';
const MIB = 1024 * 1024;

const { values } = parseArgs({
  options: { db: { type: 'string' }, conversations: { type: 'string', default: '20000' }, messages: { type: 'string', default: '20' }, rounds: { type: 'string', default: '7' } },
});
const size = { conversations: Number(values.conversations), messagesEach: Number(values.messages) };

try {
  for (const name of values.db === undefined ? (['sqlite', 'mysql'] as const) : [values.db as DatabaseName]) await Scope.run((scope) => measure(name, scope));
} finally {
  await stopReaper();
}

async function measure(name: DatabaseName, scope: Scope): Promise<void> {
  const backing = await openBacking(name, scope);
  const env = await backing.createEnvironment(scope);
  console.log(`\n${backing.title} (${backing.versions.join(', ')}): ${size.conversations * size.messagesEach} messages in ${size.conversations} conversations`);
  // The first start makes the tables, the organization and its key.
  await Scope.run(async (inner) => void (await startService(env, inner)));
  const corpus = await inDatabase(env, (unitOfWork) => fillTexts(unitOfWork, size));
  const before = await inDatabase(env, (unitOfWork) => mebibytes(unitOfWork, env));
  const begunAt = performance.now();
  const rebuilt = spawnSync(process.execPath, ['dist/rebuild-search.js'], { cwd: ROOT, env: { ...process.env, ...env, SECRET_KEY }, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  if (rebuilt.status !== 0) throw new Error(rebuilt.stderr);
  const seconds = (performance.now() - begunAt) / 1000;
  const after = await inDatabase(env, (unitOfWork) => mebibytes(unitOfWork, env));
  console.log(`words made in ${seconds.toFixed(0)} s; ${(after - before).toFixed(0)} MiB beside ${before.toFixed(0)} MiB of everything else`);
  const service = await startService(env, scope);
  for (const [what, path] of searchesOf(corpus)) await time(service.url, what, path);
}

function searchesOf({ chinese, english }: Corpus): [what: string, path: string][] {
  const q = (...words: string[]): string => `q=${encodeURIComponent(words.join(' '))}`;
  return [
    ['messages, the most frequent Chinese word', `/messages?${q(chinese[0]!)}`],
    ['messages, the hundredth', `/messages?${q(chinese[99]!)}`],
    ['messages, the thousandth', `/messages?${q(chinese[999]!)}`],
    ['messages, the first and the tenth', `/messages?${q(chinese[0]!, chinese[9]!)}`],
    ['messages, one character', `/messages?${q(chinese[9]![0]!)}`],
    ['messages, the most frequent English word', `/messages?${q(english[0]!)}`],
    ['messages, the hundredth', `/messages?${q(english[99]!)}`],
    ['messages, by a beginning of two letters', `/messages?${q(`${english[99]!.slice(0, 2)}*`)}`],
    ['messages, the first Chinese word by time, counted', `/messages?${q(chinese[0]!)}&sort=-created_at&include_total=true`],
    ['messages, of a word that is nowhere', `/messages?${q('zzzzzz')}`],
    ['conversations, the most frequent Chinese word', `/conversations?${q(chinese[0]!)}`],
    ['conversations, the hundredth', `/conversations?${q(chinese[99]!)}`],
    ['conversations, the hundredth English word', `/conversations?${q(english[99]!)}`],
  ];
}

async function time(url: string, what: string, path: string): Promise<void> {
  const times: number[] = [];
  let found = 0;
  for (let round = 0; round < Number(values.rounds); round++) {
    const begunAt = performance.now();
    const answer = await fetch(`${url}/api/v1${path}&limit=20`, { headers: { 'x-api-key': HEADERS['x-api-key'] } });
    const body = (await answer.json()) as { data: unknown[]; total?: number };
    times.push(performance.now() - begunAt);
    if (!answer.ok) throw new Error(`${path} was answered with ${answer.status}: ${JSON.stringify(body)}`);
    found = body.total ?? body.data.length;
  }
  console.log(`${median(times).toFixed(0).padStart(6)} ms (at the most ${Math.max(...times).toFixed(0)})  ${String(found).padStart(6)}  ${what}`);
}

/** Of the whole database. */
async function mebibytes(unitOfWork: UnitOfWork, env: Record<string, string>): Promise<number> {
  if (unitOfWork.dialect === 'sqlite') {
    await unitOfWork.run(async () => undefined);
    return ['', '-wal'].reduce((sum, suffix) => sum + statSync(env['DATABASE_URL']!.slice('sqlite:'.length) + suffix, { throwIfNoEntry: false })!.size, 0) / MIB;
  }
  const [row] = await unitOfWork.query<{ bytes: number }>(
    "SELECT SUM(file_size) AS bytes FROM information_schema.innodb_sys_tablespaces WHERE name LIKE CONCAT(DATABASE(), '/%')",
  );
  return Number(row!.bytes) / MIB;
}

async function inDatabase<T>(env: Record<string, string>, work: (unitOfWork: UnitOfWork) => Promise<T>): Promise<T> {
  const writer = await Database.openWriter(dataSourceOptions(readConfig({ ...env, SECRET_KEY })));
  const database = await Database.over(writer, readConfig({ ...env, SECRET_KEY }));
  try {
    return await work(new UnitOfWork(database));
  } finally {
    await database.close();
    await writer.destroy();
  }
}
