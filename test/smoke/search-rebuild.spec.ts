import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { HAS_SERVERS } from '../support/cluster.js';
import { aConversation, aMessage } from '../support/desk.js';
import { startServer } from '../support/server-process.js';
import type { ServerProcess } from '../support/server-process.js';
import { API_KEY, Caller, anEmptyDatabase } from '../support/start-test-app.js';
import type { TestDatabaseUrl } from '../support/start-test-app.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

let database: TestDatabaseUrl;
let env: Record<string, string | undefined>;
let server: ServerProcess;

beforeAll(async () => {
  database = await anEmptyDatabase();
  env = { DATABASE_URL: database.url, REDIS_URL: database.redisUrl, SECRET_KEY: 'a secret key for tests that is long enough', BOOTSTRAP_API_KEY: API_KEY, LOG_LEVEL: 'fatal' };
  server = await startServer(env);
}, 60_000);

afterAll(async () => {
  await server.stop();
  await database.drop();
});

/** As npm run search:rebuild runs it. */
function rebuild(over: Record<string, string> = {}): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['dist/rebuild-search.js'], { cwd: ROOT, env: { PATH: process.env.PATH, ...env, ...over } });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    child.once('close', (code) => resolve({ code, output }));
  });
}

it('makes the words anew and ends: beside the service where there is a Redis, in its place on a file', { timeout: 60_000 }, async () => {
  const api = new Caller(server.url, { 'x-api-key': API_KEY });
  await aMessage(api, await aConversation(api, { subject: 'a harp' }), { content: 'a harp' });
  if (!HAS_SERVERS) {
    expect(await rebuild()).toEqual({ code: 1, output: expect.stringContaining('Another process serves') });
    expect(await server.stop()).toBe(0);
  }
  const { code, output } = await rebuild();
  expect({ code, output }).toEqual({ code: 0, output: expect.stringMatching(/messages 100 %.*\n(.*\n)*.*subjects 100 %/) });
  if (!HAS_SERVERS) server = await startServer(env);
  const again = new Caller(server.url, { 'x-api-key': API_KEY });
  for (const list of ['messages', 'conversations']) expect((await again.get(`/${list}?q=harp`)).body.data).toHaveLength(1);
});

it('says what is wrong with the settings', async () => {
  expect(await rebuild({ DATABASE_URL: 'postgres://nowhere' })).toEqual({ code: 1, output: expect.stringContaining('DATABASE_URL') });
});
