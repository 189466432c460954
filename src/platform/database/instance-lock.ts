import { createRequire } from 'node:module';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DataSource, QueryRunner } from 'typeorm';
import type { Config } from '../config/config.js';
import { sha256 } from '../crypto/hash.js';

interface LockDatabase {
  exec(sql: string): void;
  close(): void;
}

const load = createRequire(import.meta.url);
const CHECK_EVERY_MS = 5000;

export class AlreadyRunningError extends Error {}

/**
 * Keeps a second instance off a database that only one may use: always on SQLite, on MySQL where no Redis joins
 * instances together. Held by the operating system (SQLite locks a file) or by the connection (MySQL), so that it
 * ends with the process, however that ends.
 */
export class InstanceLock {
  private constructor(private readonly releaseLock: () => Promise<void>) {}

  static async take(config: Config, dataSource: () => DataSource, onLost: () => void): Promise<InstanceLock> {
    if (config.dialect === 'sqlite') return InstanceLock.lockFile(config.sqlitePath);
    if (config.values.REDIS_URL !== undefined) return new InstanceLock(async () => undefined);
    return InstanceLock.lockConnection(dataSource(), onLost);
  }

  async release(): Promise<void> {
    await this.releaseLock();
  }

  private static lockFile(databasePath: string): InstanceLock {
    mkdirSync(dirname(databasePath), { recursive: true });
    const Sqlite = load('libsql') as new (path: string, options: { timeout: number }) => LockDatabase;
    const lock = new Sqlite(`${databasePath}.lock`, { timeout: 0 });
    try {
      lock.exec('BEGIN EXCLUSIVE');
    } catch {
      lock.close();
      throw new AlreadyRunningError(`Another process serves ${databasePath} already. Several processes need MySQL and Redis: set DATABASE_URL and REDIS_URL.`);
    }
    return new InstanceLock(async () => lock.close());
  }

  private static async lockConnection(dataSource: DataSource, onLost: () => void): Promise<InstanceLock> {
    const name = mysqlLockName('instance', dataSource);
    let runner = await lockOn(dataSource, name, 0);
    if (runner === null) {
      throw new AlreadyRunningError('Another process serves this database already. Several processes need Redis: set REDIS_URL.');
    }
    const timer = setInterval(() => {
      const check = runner === null ? Promise.reject(new Error('lost')) : runner.query('SELECT 1');
      check.catch(async () => {
        await runner?.release().catch(() => undefined);
        runner = null;
        const again = await lockOn(dataSource, name, 0).catch(() => undefined);
        if (again === null) onLost();
        else if (again !== undefined) runner = again;
      });
    }, CHECK_EVERY_MS);
    timer.unref();
    return new InstanceLock(async () => {
      clearInterval(timer);
      if (runner !== null) await unlock(runner, name);
    });
  }
}

/** MySQL's named locks are the server's, not the database's. */
function mysqlLockName(purpose: string, dataSource: DataSource): string {
  return `crossdesk:${purpose}:${sha256(String(dataSource.driver.database)).slice(0, 24)}`;
}

async function lockOn(dataSource: DataSource, name: string, waitSeconds: number): Promise<QueryRunner | null> {
  const runner = dataSource.createQueryRunner();
  await runner.connect();
  const [row] = (await runner.query('SELECT GET_LOCK(?, ?) AS locked', [name, waitSeconds])) as { locked: number | null }[];
  if (Number(row?.locked) === 1) return runner;
  await runner.release();
  return null;
}

async function unlock(runner: QueryRunner, name: string): Promise<void> {
  await runner.query('SELECT RELEASE_LOCK(?)', [name]).catch(() => undefined);
  await runner.release();
}

const MIGRATION_WAIT_SECONDS = 300;

/** Runs the migrations, one process at a time: the others wait and then find nothing to do. */
export async function migrate(dataSource: DataSource): Promise<void> {
  if (dataSource.options.type !== 'mysql') {
    await dataSource.runMigrations();
    return;
  }
  const name = mysqlLockName('migrate', dataSource);
  const runner = await lockOn(dataSource, name, MIGRATION_WAIT_SECONDS);
  if (runner === null) throw new Error('Another process has been migrating this database for five minutes.');
  try {
    await dataSource.runMigrations();
  } finally {
    await unlock(runner, name);
  }
}
