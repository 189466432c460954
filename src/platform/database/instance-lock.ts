import { createRequire } from 'node:module';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DataSource, QueryRunner } from 'typeorm';
import type { Config } from '../config/config.js';
import { NamedLock } from './named-lock.js';

interface LockDatabase {
  exec(sql: string): void;
  close(): void;
}

const load = createRequire(import.meta.url);
const CHECK_EVERY_MS = 5000;

export class AlreadyRunningError extends Error {}

const NEEDS_REDIS = 'Several processes need Redis: set REDIS_URL for each of them.';

/**
 * Keeps a second instance off a database that only one may use: always on SQLite, on MySQL where no Redis joins
 * instances together. Held by the operating system (SQLite locks a file) or by the connection (MySQL), so that it
 * ends with the process, however that ends.
 */
export class InstanceLock {
  private constructor(private readonly releaseLock: () => Promise<void>) {}

  static async take(config: Config, dataSource: () => DataSource, onLost: () => void, checkEveryMs = CHECK_EVERY_MS): Promise<InstanceLock> {
    if (config.dialect === 'sqlite') return InstanceLock.lockFile(config.sqlitePath);
    const lock = new NamedLock(dataSource(), 'instance');
    if (config.values.REDIS_URL === undefined) return InstanceLock.lockConnection(lock, onLost, checkEveryMs);
    if (await lock.isHeld()) throw new AlreadyRunningError(`A process without Redis serves this database. ${NEEDS_REDIS}`);
    return new InstanceLock(async () => undefined);
  }

  async release(): Promise<void> {
    await this.releaseLock();
  }

  /** Also keeps a migration by hand and a running service apart. */
  static lockFile(databasePath: string): InstanceLock {
    mkdirSync(dirname(databasePath), { recursive: true });
    const Sqlite = load('libsql') as new (path: string, options: { timeout: number }) => LockDatabase;
    const lock = new Sqlite(`${databasePath}.lock`, { timeout: 0 });
    try {
      lock.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      lock.close();
      if ((error as { code?: string }).code !== 'SQLITE_BUSY') throw error;
      throw new AlreadyRunningError(`Another process serves ${databasePath} already. Several processes need MySQL and Redis: set DATABASE_URL and REDIS_URL.`);
    }
    return new InstanceLock(async () => lock.close());
  }

  private static async lockConnection(lock: NamedLock, onLost: () => void, checkEveryMs: number): Promise<InstanceLock> {
    let holder = await lock.take(0);
    if (holder === null) throw new AlreadyRunningError(`Another process serves this database already. ${NEEDS_REDIS}`);
    let checking = false;
    const timer = setInterval(() => {
      // A database that is away answers late: a second check beside the first would find the lock taken, by the first.
      if (checking) return;
      checking = true;
      void keep(lock, holder, onLost)
        .then((kept) => (holder = kept))
        .finally(() => (checking = false));
    }, checkEveryMs);
    timer.unref();
    return new InstanceLock(async () => {
      clearInterval(timer);
      if (holder !== null) await lock.release(holder);
    });
  }
}

/** The server forgets the lock when it loses the connection; then it is taken anew, unless another was faster. */
async function keep(lock: NamedLock, holder: QueryRunner | null, onLost: () => void): Promise<QueryRunner | null> {
  try {
    if (holder !== null) {
      await holder.query('SELECT 1');
      return holder;
    }
  } catch {
    await holder?.release().catch(() => undefined);
  }
  try {
    const again = await lock.take(0);
    if (again === null) onLost();
    return again;
  } catch {
    return null;
  }
}
