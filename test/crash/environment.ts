import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase, findServices, startPrivateMysql, startPrivateRedis, type PrivateMysql, type PrivateRedis, type Services } from '../support/services.js';

export interface Environment {
  /** For every process of the scenario. */
  env: Record<string, string>;
  apiKey: string;
  /** Node's arguments, where something else than `dist/main.js` is to run. */
  args?: readonly string[];
  close(): Promise<void>;
}

export interface ServerEnvironment extends Environment {
  redis: PrivateRedis;
}

/** The servers are missing here: the scenario cannot run, which is no failure of the service. */
export class NotAvailable extends Error {}

export async function sqliteEnvironment(): Promise<Environment> {
  const folder = await mkdtemp(join(tmpdir(), 'crossdesk-crash-'));
  return { ...sqliteIn(folder), close: () => rm(folder, { recursive: true, force: true }) };
}

/** On a file in a folder that is somebody else's to remove. */
export function sqliteIn(folder: string): Omit<Environment, 'close'> {
  const base = baseEnvironment();
  return { ...base, env: { ...base.env, DATABASE_URL: `sqlite:${join(folder, 'crossdesk.sqlite')}`, ROLES: 'api,worker' } };
}

let found: Promise<Services> | undefined;

/** Ends the servers that were started for the scenarios. */
export async function stopServices(): Promise<void> {
  await (await found)?.stop();
}

/** A database of its own on the MySQL that is there, and a Redis of its own. */
export async function serverEnvironment(): Promise<ServerEnvironment> {
  found ??= findServices();
  const services = await found;
  if (!services.mysqlUrl || !services.redisUrl) throw new NotAvailable('needs MySQL or MariaDB, and Redis');
  const database = await createDatabase(services.mysqlUrl);
  return onServers(database.url, () => database.drop());
}

/** A MySQL or MariaDB that only this scenario uses, and a Redis of its own. */
export async function privateServerEnvironment(): Promise<ServerEnvironment & { mysql: PrivateMysql }> {
  const mysql = await startPrivateMysql();
  if (mysql === null) throw new NotAvailable('needs mariadbd or mysqld on the PATH');
  const database = await createDatabase(mysql.url);
  return { ...(await onServers(database.url, () => mysql.stop())), mysql };
}

async function onServers(databaseUrl: string, drop: () => Promise<void>): Promise<ServerEnvironment> {
  const base = baseEnvironment();
  const redis = await startPrivateRedis();
  return {
    ...base,
    redis,
    env: { ...base.env, DATABASE_URL: databaseUrl, REDIS_URL: redis.url, ROLES: 'api,worker' },
    close: async () => {
      await redis.stop();
      await drop();
    },
  };
}

function baseEnvironment(): { env: Record<string, string>; apiKey: string } {
  const apiKey = `cdk_${randomBytes(20).toString('hex')}`;
  return {
    apiKey,
    env: {
      BOOTSTRAP_API_KEY: apiKey,
      BOOTSTRAP_ADMIN_PASSWORD: randomBytes(12).toString('hex'),
      SECRET_KEY: randomBytes(24).toString('hex'),
      CALLBACK_ALLOW_CIDRS: '127.0.0.0/8',
      RATE_LIMIT: 'off',
      LOG_LEVEL: 'warn',
    },
  };
}
