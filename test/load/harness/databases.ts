import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { createConnection } from 'mysql2/promise';
import { createDatabase, findServices } from '../../support/services.js';
import { packageVersion, ROOT } from './machine.js';
import type { Scope } from './scope.js';

export type DatabaseName = 'sqlite' | 'mysql';

export interface Backing {
  name: DatabaseName;
  title: string;
  /** What it runs on, for the report. */
  versions: string[];
  /** DATABASE_URL and REDIS_URL of an empty database that lives as long as the scope. */
  createEnvironment(scope: Scope): Promise<Record<string, string>>;
}

export async function openBacking(name: DatabaseName, scope: Scope): Promise<Backing> {
  return name === 'sqlite' ? embedded() : await servers(scope);
}

function embedded(): Backing {
  return {
    name: 'sqlite',
    title: 'SQLite, in-process',
    versions: [`SQLite of libsql ${packageVersion('libsql')}`],
    createEnvironment: async (scope) => {
      // Not the system's temporary folder: that may be memory, and an fsync there costs nothing.
      const parent = join(ROOT, 'node_modules', '.cache', 'crossdesk-bench');
      await mkdir(parent, { recursive: true });
      const folder = await mkdtemp(join(parent, 'run-'));
      scope.defer(() => rm(folder, { recursive: true, force: true }));
      return { DATABASE_URL: `sqlite:${join(folder, 'bench.sqlite')}` };
    },
  };
}

async function servers(scope: Scope): Promise<Backing> {
  const services = await findServices();
  scope.defer(() => services.stop());
  const { mysqlUrl, redisUrl } = services;
  if (mysqlUrl === null || redisUrl === null) throw new Error('No MySQL or MariaDB or no Redis was found: see --db.');
  return {
    name: 'mysql',
    title: 'MySQL, Redis',
    versions: [await describeMysql(mysqlUrl), await describeRedis(redisUrl)],
    createEnvironment: async (inner) => {
      const database = await createDatabase(mysqlUrl);
      inner.defer(() => database.drop());
      return { DATABASE_URL: database.url, REDIS_URL: await claimRedisDatabase(redisUrl, inner) };
    },
  };
}

/** An unused logical database, because the server may be somebody's; emptied afterwards. */
async function claimRedisDatabase(serverUrl: string, scope: Scope): Promise<string> {
  for (let index = 1; index < 16; index++) {
    const url = new URL(serverUrl);
    url.pathname = `/${index}`;
    const isEmpty = await withRedis(url.href, async (redis) => (await redis.dbsize()) === 0);
    if (!isEmpty) continue;
    scope.defer(() => withRedis(url.href, (redis) => redis.flushdb()));
    return url.href;
  }
  throw new Error('All databases of this Redis are in use.');
}

async function withRedis<T>(url: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url);
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

async function describeRedis(url: string): Promise<string> {
  const info = await withRedis(url, (redis) => redis.info('server'));
  return `Redis ${/redis_version:(\S+)/.exec(info)?.[1] ?? 'of unknown version'}`;
}

async function describeMysql(url: string): Promise<string> {
  const connection = await createConnection(url);
  try {
    const [rows] = await connection.query(
      'SELECT VERSION() AS version, @@innodb_flush_log_at_trx_commit AS flush, @@sync_binlog AS sync, @@log_bin AS log',
    );
    const [row] = rows as { version: string; flush: number; sync: number; log: number }[];
    const server = /mariadb/i.test(row!.version) ? 'MariaDB' : 'MySQL';
    const binaryLog = row!.log ? `binary log with sync_binlog=${row!.sync}` : 'no binary log';
    return `${server} ${row!.version.split('-')[0]} (innodb_flush_log_at_trx_commit=${row!.flush}, ${binaryLog})`;
  } finally {
    await connection.end();
  }
}
