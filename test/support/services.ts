import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { createConnection } from 'mysql2/promise';

/** The servers that the tests may use; null where there is none and none could be started. */
export interface Services {
  /** Without a database in the path: see createDatabase. */
  mysqlUrl: string | null;
  redisUrl: string | null;
  /** Ends what was started here; servers that were already running stay. */
  stop(): Promise<void>;
}

export interface TestDatabase {
  url: string;
  drop(): Promise<void>;
}

/** A Redis server of its own that may be emptied and restarted. It keeps nothing on disk, so a restart forgets all. */
export interface PrivateRedis {
  url: string;
  port: number;
  restart(): Promise<void>;
  flushAll(): Promise<void>;
  stop(): Promise<void>;
}

/** A MySQL or MariaDB of its own that may be restarted, gently or not. It keeps what it has committed. */
export interface PrivateMysql {
  url: string;
  restart(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  stop(): Promise<void>;
}

interface PrivateServer {
  url: string;
  stop(): Promise<void>;
}

const run = promisify(execFile);
const PROBE_TIMEOUT_MS = 2_000;
const START_TIMEOUT_MS = 60_000;
const STANDARD_MYSQL_URLS = ['mysql://root@127.0.0.1:3306', 'mysql://root:root@127.0.0.1:3306'];
const STANDARD_REDIS_URL = 'redis://127.0.0.1:6379';

/**
 * Looks for MySQL or MariaDB and for Redis: first TEST_MYSQL_URL and TEST_REDIS_URL, then the standard ports of
 * 127.0.0.1, then binaries on the PATH, of which private servers are started. A given URL that does not answer is
 * an error, never a reason to take another server.
 */
export async function findServices(): Promise<Services> {
  const started: PrivateServer[] = [];
  const startOwn = async (start: () => Promise<PrivateServer | null>): Promise<string | null> => {
    const server = await start();
    if (server) started.push(server);
    return server?.url ?? null;
  };
  const stop = async (): Promise<void> => {
    await Promise.all(started.splice(0).map((server) => server.stop()));
  };
  try {
    const mysqlUrl =
      (await given('TEST_MYSQL_URL', answersAsMysql)) ??
      (await firstThat(answersAsMysql, STANDARD_MYSQL_URLS)) ??
      (await startOwn(startPrivateMysql));
    const redisUrl =
      (await given('TEST_REDIS_URL', answersAsRedis)) ??
      (await firstThat(answersAsRedis, [STANDARD_REDIS_URL])) ??
      (await startOwn(async () => (findBinary('redis-server') ? startPrivateRedis() : null)));
    return { mysqlUrl, redisUrl, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** An empty database with a random name on the server of `serverUrl`, whose own path is ignored. */
export async function createDatabase(serverUrl: string): Promise<TestDatabase> {
  const name = `crossdesk_test_${randomBytes(8).toString('hex')}`;
  await executeOn(serverUrl, `CREATE DATABASE \`${name}\` CHARACTER SET utf8mb4`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => executeOn(serverUrl, `DROP DATABASE IF EXISTS \`${name}\``) };
}

export async function startPrivateRedis(): Promise<PrivateRedis> {
  const binary = findBinary('redis-server');
  if (!binary) throw new Error('redis-server is not on the PATH');
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const directory = mkdtempSync(join(tmpdir(), 'crossdesk-redis-'));
  const options = {
    bind: '127.0.0.1',
    port,
    dir: directory,
    save: '',
    appendonly: 'no',
    'maxmemory-policy': 'noeviction',
  };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const start = async (): Promise<ChildProcess> => {
    const child = spawnServer(binary, args);
    await untilReady(child, 'redis-server', () => answersAsRedis(url));
    return child;
  };
  let child = await start();
  return {
    url,
    port,
    async restart() {
      await end(child);
      child = await start();
    },
    flushAll: () =>
      withRedis(url, async (redis) => {
        await redis.flushall();
      }),
    async stop() {
      await end(child);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const handedOut = new Set<number>();

/** A port of 127.0.0.1 that nobody listens on. Never the same twice in one process. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = await new Promise<number>((resolve, reject) => {
      const server = createServer();
      server.once('error', reject);
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
      });
    });
    if (handedOut.has(port)) continue;
    handedOut.add(port);
    return port;
  }
}

const companions = new Set<ChildProcess>();
const DEADLY_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Kills the child when this process ends, also by a signal (except SIGKILL, which nobody can see coming). */
export function dieTogether(child: ChildProcess): void {
  if (companions.size === 0) {
    process.on('exit', killCompanions);
    for (const signal of DEADLY_SIGNALS) process.on(signal, endBySignal);
  }
  companions.add(child);
  child.once('exit', () => {
    companions.delete(child);
    if (companions.size > 0) return;
    process.off('exit', killCompanions);
    for (const signal of DEADLY_SIGNALS) process.off(signal, endBySignal);
  });
}

function killCompanions(): void {
  for (const child of companions) child.kill('SIGKILL');
}

function endBySignal(signal: NodeJS.Signals): void {
  killCompanions();
  // A listener switches the signal's own effect off. Where it is the only one, the effect is brought back.
  if (process.listenerCount(signal) > 1) return;
  process.off(signal, endBySignal);
  process.kill(process.pid, signal);
}

async function given(variable: string, answers: (url: string) => Promise<boolean>): Promise<string | null> {
  const url = process.env[variable];
  if (!url) return null;
  if (!(await answers(url))) throw new Error(`${variable} is set, but no server answers there`);
  return url;
}

async function firstThat(answers: (url: string) => Promise<boolean>, urls: string[]): Promise<string | null> {
  for (const url of urls) {
    if (await answers(url)) return url;
  }
  return null;
}

async function answersAsMysql(url: string): Promise<boolean> {
  try {
    await executeOn(url, 'SELECT 1');
    return true;
  } catch {
    return false;
  }
}

async function answersAsRedis(url: string): Promise<boolean> {
  try {
    return await withRedis(url, async (redis) => (await redis.ping()) === 'PONG');
  } catch {
    return false;
  }
}

async function executeOn(serverUrl: string, sql: string): Promise<void> {
  const url = new URL(serverUrl);
  url.pathname = '/';
  const connection = await createConnection({ uri: url.href, connectTimeout: PROBE_TIMEOUT_MS });
  try {
    await connection.query(sql);
  } finally {
    await connection.end();
  }
}

async function withRedis<T>(url: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: PROBE_TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  // The command that fails tells it; the event needs a listener all the same.
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

/** Null where there is no binary of either on the PATH. */
export async function startPrivateMysql(): Promise<PrivateMysql | null> {
  const binary = findBinary('mariadbd') ?? findBinary('mysqld');
  if (!binary) return null;
  const { stdout: version } = await run(binary, ['--no-defaults', '--version']);
  const installer = /mariadb/i.test(version) ? findBinary('mariadb-install-db') : binary;
  if (!installer) return null;

  const directory = mkdtempSync(join(tmpdir(), 'crossdesk-mysql-'));
  // Not that of other servers on this machine: a server that starts deletes what looks like a temporary table there.
  const temporary = join(directory, 'tmp');
  mkdirSync(temporary);
  const port = await freePort();
  // Both servers refuse to run as root unless told to.
  const common = [
    '--no-defaults',
    `--datadir=${join(directory, 'data')}`,
    `--tmpdir=${temporary}`,
    ...(process.getuid?.() === 0 ? ['--user=root'] : []),
  ];
  if (installer === binary) await run(binary, [...common, '--initialize-insecure']);
  else await run(installer, [...common, '--auth-root-authentication-method=normal', '--skip-test-db']);

  const url = `mysql://root@127.0.0.1:${port}`;
  const start = async (): Promise<ChildProcess> => {
    const child = spawnServer(binary, [
      ...common,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      `--socket=${join(directory, 'sock')}`,
      `--pid-file=${join(directory, 'pid')}`,
      '--skip-log-bin',
      '--innodb-buffer-pool-size=256M',
      ...(installer === binary ? ['--mysqlx=OFF'] : []),
    ]);
    await untilReady(child, binary, () => answersAsMysql(url));
    return child;
  };
  let child = await start();
  return {
    url,
    async restart(signal = 'SIGTERM') {
      await end(child, signal);
      child = await start();
    },
    async stop() {
      await end(child);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function spawnServer(binary: string, args: string[]): ChildProcess {
  const child = spawn(binary, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  dieTogether(child);
  return child;
}

async function untilReady(child: ChildProcess, name: string, isReady: () => Promise<boolean>): Promise<void> {
  let complaints = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    complaints = (complaints + chunk.toString()).slice(-4_000);
  });
  child.once('error', (error) => {
    complaints += error.message;
  });
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await isReady())) {
    if (child.pid === undefined || hasEnded(child))
      throw new Error(`${name} ended at its start: ${complaints}`);
    if (Date.now() > deadline) {
      await end(child);
      throw new Error(`${name} did not answer within ${START_TIMEOUT_MS} ms: ${complaints}`);
    }
    await delay(25);
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (hasEnded(child)) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  const last = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await ended;
  clearTimeout(last);
}

/** Looks on the PATH, and where Debian puts servers, which is not on everybody's PATH. */
function findBinary(name: string): string | null {
  const directories = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  for (const directory of directories) {
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  return null;
}
