import { createRequire } from 'node:module';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
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
/** So many processes with Redis can be seen by one without; those beyond wait for a place, and need none while others have theirs. */
export const PLACES = 16;

/**
 * Keeps a second instance off a database that only one may use: always on SQLite, on MySQL where no Redis joins
 * instances together. Held by the operating system (SQLite locks a file) or by the connection (MySQL), so that it
 * ends with the process, however that ends.
 */
export class InstanceLock {
  private constructor(private readonly releaseLock: () => Promise<void>) {}

  static async take(config: Config, dataSource: () => DataSource, onLost: () => void, checkEveryMs = CHECK_EVERY_MS): Promise<InstanceLock> {
    if (config.dialect === 'sqlite') return InstanceLock.lockFile(config.sqlitePath);
    const single = new NamedLock(dataSource(), 'instance');
    const shared = new NamedLock(dataSource(), 'shared', PLACES);
    const needs: Needs =
      config.values.REDIS_URL === undefined
        ? { own: single, onlyOne: true, other: shared, otherServes: 'Processes with Redis serve' }
        : { own: shared, onlyOne: false, other: single, otherServes: 'A process without Redis serves' };
    return InstanceLock.lockConnection(needs, onLost, checkEveryMs);
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

  private static async lockConnection(needs: Needs, onLost: () => void, checkEveryMs: number): Promise<InstanceLock> {
    let holder = await firstHolder(needs);
    let checking = false;
    const timer = setInterval(() => {
      // A database that is away answers late: a second check beside the first would find the lock taken, by the first.
      if (checking) return;
      checking = true;
      void keep(needs, holder, onLost, checkEveryMs)
        .then((kept) => (holder = kept))
        .finally(() => (checking = false));
    }, checkEveryMs);
    timer.unref();
    return new InstanceLock(async () => {
      clearInterval(timer);
      if (holder !== null) await needs.own.release(holder);
    });
  }
}

/** The lock of one kind of process, and that of the kind which it must not run beside. */
interface Needs {
  own: NamedLock;
  /** Otherwise it can do without, when others of its kind hold every place. */
  onlyOne: boolean;
  other: NamedLock;
  otherServes: string;
}

/** Each kind takes its own lock before it looks for the other's: of two that start at once one sees the other. */
async function firstHolder({ own, onlyOne, other, otherServes }: Needs): Promise<QueryRunner | null> {
  const holder = await own.take(0);
  if (holder === null && onlyOne) throw new AlreadyRunningError(`Another process serves this database already. ${NEEDS_REDIS}`);
  try {
    if (await other.isHeld()) throw new AlreadyRunningError(`${otherServes} this database. ${NEEDS_REDIS}`);
    return holder;
  } catch (error) {
    if (holder !== null) await own.release(holder);
    throw error;
  }
}

/** The server forgets the lock when it loses the connection; then it is taken anew, unless another was faster. */
async function keep(needs: Needs, holder: QueryRunner | null, onLost: () => void, checkEveryMs: number): Promise<QueryRunner | null> {
  try {
    if (holder !== null) {
      await holder.query('SELECT 1');
      return holder;
    }
  } catch {
    await holder?.release().catch(() => undefined);
  }
  try {
    return await takeAgain(needs, onLost, checkEveryMs);
  } catch {
    return null;
  }
}

async function takeAgain({ own, onlyOne, other }: Needs, onLost: () => void, checkEveryMs: number): Promise<QueryRunner | null> {
  const holder = await own.take(0);
  if (holder === null) {
    if (onlyOne) onLost();
    return null;
  }
  try {
    if (!(await other.isHeld())) return holder;
    // It may be one that is refused a moment later, because of this one.
    await delay(checkEveryMs, undefined, { ref: false });
    if (await other.isHeld()) onLost();
    return holder;
  } catch (error) {
    await own.release(holder);
    throw error;
  }
}
