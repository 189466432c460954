/**
 * A month of a service desk, the same for the same seed, through POST /import: 50 agents, 20,000 conversations, 400,000 messages.
 *
 *   npm run seed:month                                              into an instance of its own; then holds every metric against an
 *                                                                   independent count, and removes the instance
 *   CROSSDESK_URL=… CROSSDESK_API_KEY=… npm run seed:month          into a running instance, where it stays
 *
 * Options: --conversations N --messages N --agents N --seed N. The own instance stands on a temporary SQLite file, or on
 * DATABASE_URL (an empty database) with REDIS_URL. Needs a build.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startServer } from '../test/support/server-process.js';
import type { MonthSize } from './seed-month/generated-month.js';
import { loadMonth } from './seed-month/load-month.js';
import type { Api } from './seed-month/load-month.js';
import { ProgressBar } from '../src/app/progress-bar.js';

const { values } = parseArgs({
  options: {
    conversations: { type: 'string', default: '20000' },
    messages: { type: 'string', default: '400000' },
    agents: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    'no-verify': { type: 'boolean', default: false },
  },
});
const size: MonthSize = { seed: wholeNumber('seed'), agents: wholeNumber('agents'), conversations: wholeNumber('conversations'), messages: wholeNumber('messages') };

const VERIFICATION = 'test/integration/imported-month.spec.ts';
const ROOT = fileURLToPath(new URL('..', import.meta.url));

const { CROSSDESK_URL: url, CROSSDESK_API_KEY: apiKey } = process.env;
if (url && apiKey) await load({ url: url.replace(/\/+$/, ''), apiKey });
else if (url || apiKey) throw new Error('Set both CROSSDESK_URL and CROSSDESK_API_KEY, or none of them.');
else await loadIntoOwn();

async function load(api: Api): Promise<void> {
  const bar = new ProgressBar('messages', size.messages);
  const begunAt = performance.now();
  const loaded = await loadMonth(api, size, (messages) => bar.show(messages));
  const known = loaded.known === 0 ? '' : `; ${loaded.known} of the conversations were known before`;
  console.log(`${loaded.conversations} conversations with ${loaded.messages} messages in ${((performance.now() - begunAt) / 1000).toFixed(1)} s${known}`);
}

async function loadIntoOwn(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'crossdesk-month-'));
  const database = process.env.DATABASE_URL ?? `sqlite:${join(folder, 'crossdesk.sqlite')}`;
  const { REDIS_URL } = process.env;
  const [ownKey, secretKey] = [`cdk_${randomBytes(20).toString('hex')}`, randomBytes(24).toString('hex')];
  try {
    const server = await startServer({
      DATABASE_URL: database,
      REDIS_URL,
      SECRET_KEY: secretKey,
      BOOTSTRAP_API_KEY: ownKey,
      // Until it has been compared, nothing of March may be deleted for its age.
      EVENT_RETENTION_DAYS: '36500',
      RATE_LIMIT: 'off',
      LOG_LEVEL: 'warn',
    });
    await load({ url: server.url, apiKey: ownKey });
    await server.stop();
    const env = {
      ...process.env, MONTH_DATABASE_URL: database, MONTH_REDIS_URL: REDIS_URL, MONTH_SECRET_KEY: secretKey, MONTH_API_KEY: ownKey,
      TEST_MATRIX: database.startsWith('mysql') ? 'servers' : 'embedded',
    };
    process.exitCode = spawnSync('npx', ['vitest', 'run', VERIFICATION], { cwd: ROOT, env, stdio: 'inherit' }).status ?? 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function wholeNumber(name: 'seed' | 'conversations' | 'messages' | 'agents'): number {
  const number = Number(values[name]);
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`--${name} must be a whole number.`);
  return number;
}
