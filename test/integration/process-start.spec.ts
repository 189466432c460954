import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startServer } from '../support/server-process.js';
import type { ServerProcess } from '../support/server-process.js';
import { dieTogether, freePort } from '../support/services.js';
import { ADMIN_PASSWORD, API_KEY, Caller, anEmptyDatabase } from '../support/start-test-app.js';
import type { TestDatabaseUrl } from '../support/start-test-app.js';

const mysql = process.env.TEST_MATRIX === 'servers';
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SECRET_KEY = 'a secret key for tests that is long enough';
const shell = promisify(execFile);

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a built program to its end, which comes within some seconds. */
function runToEnd(file: string, env: Record<string, string | undefined>, cwd = ROOT): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(ROOT, 'dist', file)], { cwd, env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env } });
    dieTogether(child);
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) child[name].setEncoding('utf8').on('data', (chunk: string) => (output[name] += chunk));
    const late = setTimeout(() => child.kill('SIGKILL'), 30_000);
    child.once('close', (code) => {
      clearTimeout(late);
      resolve({ code, ...output });
    });
  });
}

describe('a start', { timeout: 60_000 }, () => {
  let database: TestDatabaseUrl;
  let servers: ServerProcess[];
  let listeners: Server[];

  beforeEach(async () => {
    database = await anEmptyDatabase();
    servers = [];
    listeners = [];
  });

  afterEach(async () => {
    for (const server of servers) await server.kill();
    for (const listener of listeners) listener.close();
    await database.drop();
  });

  const place = () => ({ DATABASE_URL: database.url, REDIS_URL: database.redisUrl, SECRET_KEY });

  async function start(env: Record<string, string | undefined> = {}): Promise<ServerProcess> {
    const server = await startServer({ ...place(), ...env });
    servers.push(server);
    return server;
  }

  async function aTakenPort(): Promise<string> {
    const listener = createServer();
    listeners.push(listener);
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    return String((listener.address() as AddressInfo).port);
  }

  describe('with settings that cannot be used', () => {
    it('does not happen, and names each of them', async () => {
      const ended = await runToEnd('main.js', {
        PORT: 'eighty', DATABASE_URL: 'mysql://user:hush-hush@localhost', REDIS_URL: 'localhost', CALLBACK_ALLOW_CIDRS: '10.0.0.0/40', SECRET_KEY: 'hush-hush', LOG_LEVEL: 'loud',
      });
      expect(ended.code).toBe(1);
      expect(ended.stderr.split('\n', 1)).toEqual(['These settings cannot be used:']);
      const named = [...ended.stderr.matchAll(/^ {2}([A-Z_]+): ./gm)].map(([, name]) => name!);
      expect(named.toSorted()).toEqual(['CALLBACK_ALLOW_CIDRS', 'DATABASE_URL', 'LOG_LEVEL', 'PORT', 'REDIS_URL', 'SECRET_KEY']);
      expect(ended.stderr).not.toContain('hush-hush');
      expect(ended.stderr).not.toContain('    at ');
      expect(ended.stdout).toBe('');
    });

    it('says so too when only the migrations are to run', async () => {
      const ended = await runToEnd('migrate.js', { DATABASE_URL: 'mysql://localhost/desk' });
      expect(ended).toEqual({ code: 1, stdout: '', stderr: 'These settings cannot be used:\n  SECRET_KEY: required with a MySQL database, so that all instances share it\n' });
    });

    it('reads a file .env in the working folder, and the environment over it', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'crossdesk-env-'));
      writeFileSync(join(folder, '.env'), 'PORT=eighty\nLOG_LEVEL=loud\n');
      const ended = await runToEnd('main.js', { PORT: '0' }, folder);
      expect(ended.code).toBe(1);
      expect(ended.stderr).toContain('LOG_LEVEL');
      expect(ended.stderr).not.toContain('PORT');
      expect(readdirSync(folder)).toEqual(['.env']);
      rmSync(folder, { recursive: true });
    });
  });

  describe('on an empty database', () => {
    it('prints what a person needs, once; the curl line works as printed', async () => {
      const first = await start();
      const output = first.output();
      expect(output).toContain(`API      ${first.url}/api/v1`);
      expect(output).toContain(`Swagger  ${first.url}/docs`);
      const key = /API key +(cdk_\S+)/.exec(output)![1]!;
      const password = /admin password +(\S+)/.exec(output)![1]!;
      const line = /^ *(curl .*)$/m.exec(output)![1]!;

      const { stdout } = await shell('sh', ['-c', line]);
      expect(JSON.parse(stdout)).toMatchObject({ id: expect.stringMatching(/^cnv_/), status: 'queued' });
      expect((await new Caller(first.url, { 'x-api-key': key }).get('/conversations')).body.data).toHaveLength(1);
      const login = await new Caller(first.url, {}).post('/auth/login', { username: 'admin', password });
      expect(login.status).toBe(200);
      expect(login.body.agent).toMatchObject({ username: 'admin', role: 'admin' });
      await first.stop();

      const second = await start();
      expect(second.output()).toContain('crossdesk is running');
      for (const text of ['cdk_', 'password', 'curl', key, password]) expect(second.output()).not.toContain(text);
      expect((await new Caller(second.url, { 'x-api-key': key }).get('/conversations')).body.data).toHaveLength(1);
    });

    it('takes the credentials that it is given, and does not repeat them', async () => {
      const server = await start({ BOOTSTRAP_API_KEY: API_KEY, BOOTSTRAP_ADMIN_PASSWORD: ADMIN_PASSWORD });
      expect(server.output()).not.toContain(API_KEY);
      expect(server.output()).not.toContain(ADMIN_PASSWORD);
      const line = /^ *(curl .*)$/m.exec(server.output())![1]!;
      const { stdout } = await shell('sh', ['-c', line], { env: { PATH: process.env.PATH, BOOTSTRAP_API_KEY: API_KEY } });
      expect(JSON.parse(stdout)).toMatchObject({ status: 'queued' });
      expect((await new Caller(server.url, {}).post('/auth/login', { username: 'admin', password: ADMIN_PASSWORD })).status).toBe(200);
    });

    it('shows the credentials also when the port turns out to be taken', async () => {
      const ended = await runToEnd('main.js', { ...place(), PORT: await aTakenPort() });
      expect(ended.code).toBe(1);
      const key = /API key +(cdk_\S+)/.exec(ended.stdout)![1]!;
      const server = await start();
      expect((await new Caller(server.url, { 'x-api-key': key }).get('/agents')).status).toBe(200);
    });

    it.runIf(mysql)('makes one organization when several instances start at once', async () => {
      const all = await Promise.all([start(), start(), start()]);
      const printed = all.filter((server) => server.output().includes('cdk_'));
      expect(printed).toHaveLength(1);
      const key = /API key +(cdk_\S+)/.exec(printed[0]!.output())![1]!;
      for (const server of all) expect((await new Caller(server.url, { 'x-api-key': key }).get('/agents')).body.data).toHaveLength(1);
    });

    it('is refused with MIGRATE=off, in words that help', async () => {
      const ended = await runToEnd('main.js', { ...place(), PORT: '0', MIGRATE: 'off' });
      expect(ended.code).toBe(1);
      expect(ended.stdout).toBe('');
      expect(ended.stderr).toMatch(/^The tables of this database are not up to date .*run npm run migrate, or start with MIGRATE=on\.\n$/);
      expect(await runToEnd('migrate.js', place())).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Migrated: /) });
      expect((await start({ MIGRATE: 'off' })).output()).toContain('cdk_');
    });
  });

  it('says which port is taken', async () => {
    const port = await aTakenPort();
    const ended = await runToEnd('main.js', { ...place(), PORT: port });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toBe(`Port ${port} is in use; set PORT to another one.\n`);
  });

  it('says that the database cannot be reached, without its password', async () => {
    const ended = await runToEnd('main.js', { DATABASE_URL: `mysql://root:hush-hush@127.0.0.1:${await freePort()}/desk`, SECRET_KEY, PORT: '0' });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/^The database of DATABASE_URL cannot be used: connect ECONNREFUSED /);
    expect(ended.stdout + ended.stderr).not.toContain('hush-hush');
  });

  it('says that the machine has no such address', async () => {
    const ended = await runToEnd('main.js', { ...place(), PORT: '0', HOST: '203.0.113.7' });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toBe('This machine has no address 203.0.113.7 to listen on; set HOST to one of its own, or to 0.0.0.0.\n');
  });

  describe('of a second instance without Redis', () => {
    const alone = { REDIS_URL: undefined };

    it('is refused while the first one runs, and at once allowed when that was killed', async () => {
      const first = await start({ ...alone, BOOTSTRAP_API_KEY: API_KEY });
      for (let round = 0; round < 2; round++) {
        const ended = await runToEnd('main.js', { ...place(), ...alone, PORT: String(await freePort()) });
        expect(ended.code).toBe(1);
        expect(ended.stdout).toBe('');
        expect(ended.stderr).toMatch(
          mysql ? /^Another process serves this database already\. .*set REDIS_URL for each of them\.\n$/ : /^Another process serves .*crossdesk\.sqlite already\. .*set DATABASE_URL and REDIS_URL\.\n$/,
        );
      }
      expect((await new Caller(first.url, { 'x-api-key': API_KEY }).post('/conversations', { visitor: { external_id: 'x' } })).status).toBe(201);
      await first.kill('SIGKILL');
      const next = await start(alone);
      expect((await new Caller(next.url, { 'x-api-key': API_KEY }).get('/conversations')).body.data).toHaveLength(1);
      expect(await next.stop()).toBe(0);
      await start(alone);
    });

    it.runIf(mysql)('is refused also while one with Redis would run beside it', async () => {
      await start(alone);
      const ended = await runToEnd('main.js', { ...place(), PORT: '0' });
      expect(ended.code).toBe(1);
      expect(ended.stderr).toMatch(/^A process without Redis serves this database\. .*set REDIS_URL/);
    });

    it.runIf(mysql)('is refused also beside one with Redis, and at once allowed when that was killed', async () => {
      const first = await start();
      const ended = await runToEnd('main.js', { ...place(), ...alone, PORT: '0' });
      expect(ended.code).toBe(1);
      expect(ended.stdout).toBe('');
      expect(ended.stderr).toMatch(/^Processes with Redis serve this database\. .*set REDIS_URL for each of them\.\n$/);
      await first.kill('SIGKILL');
      expect(await (await start(alone)).stop()).toBe(0);
      const last = await start();
      expect(await last.stop()).toBe(0);
      await start(alone);
    });

    it.runIf(mysql)('does not concern another database of the same server', async () => {
      const other = await anEmptyDatabase();
      await start(alone);
      await start({ ...alone, DATABASE_URL: other.url });
      for (const server of servers.splice(0)) await server.kill();
      await other.drop();
    });

    it.runIf(!mysql)('keeps a migration by hand off a running service', async () => {
      await start();
      const ended = await runToEnd('migrate.js', place());
      expect(ended.code).toBe(1);
      expect(ended.stderr).toMatch(/^Another process serves /);
    });
  });

  it.runIf(!mysql)('needs nothing: the database and its key are made in ./data', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'crossdesk-nothing-'));
    const port = await freePort();
    const child = spawn(process.execPath, [join(ROOT, 'dist/main.js')], { cwd: folder, env: { PATH: process.env.PATH, PORT: String(port) } });
    dieTogether(child);
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    await expect.poll(() => fetch(`http://127.0.0.1:${port}/health/ready`).then(({ status }) => status, () => 0), { timeout: 15_000 }).toBe(200);
    expect(readdirSync(join(folder, 'data')).filter((name) => !/-(wal|shm|journal)$/.test(name)).toSorted()).toEqual([
      'crossdesk.sqlite', 'crossdesk.sqlite.lock', 'secret.key',
    ]);
    expect(readFileSync(join(folder, 'data/secret.key'), 'utf8')).toMatch(/^[\w-]{43}\n$/);
    expect(statSync(join(folder, 'data/secret.key')).mode & 0o077).toBe(0);
    child.kill('SIGINT');
    expect(await ended).toBe(0);
    rmSync(folder, { recursive: true });
  });

  describe('as a worker only', () => {
    it('answers health and metrics, and nothing else', async () => {
      const server = await start({ ROLES: 'worker', BOOTSTRAP_API_KEY: API_KEY });
      const caller = new Caller(server.url, { 'x-api-key': API_KEY });
      for (const path of ['//health/live', '//health/ready', '//metrics']) expect((await caller.get(path)).status).toBe(200);
      for (const [method, path] of [['GET', '/agents'], ['POST', '/messages'], ['GET', '//docs'], ['GET', '//docs-json'], ['GET', '//'], ['GET', '//metricsx'], ['POST', '/auth/login'], ['DELETE', '//health/ready']] as const) {
        const answer = await caller.send(method, path, method === 'POST' ? {} : undefined);
        expect({ path, status: answer.status >= 400 }).toEqual({ path, status: true });
        expect(answer.headers.get('content-type')).toContain('application/problem+json');
      }
      expect((await caller.get('/agents')).body).toMatchObject({ status: 503, code: 'service.worker_only' });
      const socket = await fetch(`${server.url}/socket.io/?EIO=4&transport=polling`);
      expect(socket.status).toBeGreaterThanOrEqual(400);
      expect(server.output()).toContain('roles worker');
      expect(server.output()).not.toContain('Swagger');
      expect(await server.stop()).toBe(0);
    });

    it('is refused when it plays nothing that exists', async () => {
      const ended = await runToEnd('main.js', { ...place(), ROLES: 'api,boss' });
      expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining('ROLES: "boss" is not a role') });
    });
  });
});
