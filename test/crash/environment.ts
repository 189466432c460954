import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase, findServices, startPrivateRedis, type PrivateRedis } from '../support/services.js';

export interface Environment {
  /** For every process of the scenario. */
  env: Record<string, string>;
  apiKey: string;
  close(): Promise<void>;
}

export interface ServerEnvironment extends Environment {
  redis: PrivateRedis;
}

/** The servers are missing here: the scenario cannot run, which is no failure of the service. */
export class NotAvailable extends Error {}

export async function sqliteEnvironment(): Promise<Environment> {
  const folder = await mkdtemp(join(tmpdir(), 'crossdesk-crash-'));
  const base = baseEnvironment();
  return {
    ...base,
    env: { ...base.env, DATABASE_URL: `sqlite:${join(folder, 'crossdesk.sqlite')}`, ROLES: 'api,worker' },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A database of its own on the MySQL that is there, and a Redis of its own. */
export async function serverEnvironment(): Promise<ServerEnvironment> {
  const services = await findServices();
  if (!services.mysqlUrl || !services.redisUrl) {
    await services.stop();
    throw new NotAvailable('needs MySQL or MariaDB, and Redis');
  }
  const base = baseEnvironment();
  const database = await createDatabase(services.mysqlUrl);
  const redis = await startPrivateRedis();
  return {
    ...base,
    redis,
    env: { ...base.env, DATABASE_URL: database.url, REDIS_URL: redis.url, ROLES: 'api,worker' },
    close: async () => {
      await redis.stop();
      await database.drop();
      await services.stop();
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
