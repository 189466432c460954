import 'reflect-metadata';
import { mkdirSync } from 'node:fs';
import type { DataSourceOptions } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { anEmptyDatabase } from '../../../test/support/start-test-app.js';
import type { TestDatabaseUrl } from '../../../test/support/start-test-app.js';
import { startTcpProxy } from '../../../test/support/tcp-proxy.js';
import type { TcpProxy } from '../../../test/support/tcp-proxy.js';
import { readConfig } from '../config/config.js';
import { dataSourceOptions } from './data-source-options.js';
import { Database } from './database.js';
import { AlreadyRunningError, InstanceLock, PLACES } from './instance-lock.js';
import { NamedLock } from './named-lock.js';

const mysql = process.env.TEST_MATRIX === 'servers';
const CHECK_EVERY_MS = 50;
const SECRET_KEY = 'a secret key for tests that is long enough';

/** What runs behind the lock's back, so that it can be waited for. */
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('the lock of the only instance', () => {
  let database: TestDatabaseUrl;
  let undo: (() => Promise<void>)[];

  beforeEach(async () => {
    database = await anEmptyDatabase();
    undo = [];
  });

  afterEach(async () => {
    for (const step of undo.toReversed()) await step();
    await database.drop();
  });

  /** What a process has before it asks for the lock. */
  async function anOpening({ url = database.url, redisUrl, poolSize = 12 }: { url?: string; redisUrl?: string; poolSize?: number }) {
    const config = readConfig({ DATABASE_URL: url, REDIS_URL: redisUrl, SECRET_KEY });
    const dataSource = await Database.openWriter({ ...dataSourceOptions(config), ...(mysql && { poolSize }) } as DataSourceOptions);
    undo.push(async () => dataSource.destroy());
    return { config, dataSource };
  }

  /** What a process does at its start; `lost` counts how often it would have had to end. */
  async function anInstance(options: { url?: string; redisUrl?: string } = {}): Promise<{ lock: InstanceLock; lost: () => number }> {
    const { config, dataSource } = await anOpening(options);
    let lost = 0;
    const lock = await InstanceLock.take(config, () => dataSource, () => lost++, CHECK_EVERY_MS);
    undo.push(() => lock.release());
    return { lock, lost: () => lost };
  }

  it('is given once, and again when it was given back', async () => {
    const { lock } = await anInstance();
    await expect(anInstance()).rejects.toThrow(AlreadyRunningError);
    await expect(anInstance()).rejects.toThrow(/^Another process serves .* set /);
    await lock.release();
    await anInstance();
  });

  it.runIf(!mysql)('is needed on SQLite with Redis too', async () => {
    await anInstance({ redisUrl: 'redis://127.0.0.1:1' });
    await expect(anInstance({ redisUrl: 'redis://127.0.0.1:1' })).rejects.toThrow(AlreadyRunningError);
  });

  it.runIf(!mysql)('is not said to be taken where its file cannot be made', () => {
    const path = database.url.slice('sqlite:'.length);
    mkdirSync(`${path}.lock`);
    let error: unknown;
    try {
      InstanceLock.lockFile(path);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(AlreadyRunningError);
  });

  describe.runIf(mysql)('on MySQL', () => {
    let proxy: TcpProxy;

    beforeEach(async () => {
      proxy = await startTcpProxy(database.url);
      undo.push(() => proxy.close());
    });

    const withRedis = () => ({ redisUrl: database.redisUrl });
    const thePlaces = async () => new NamedLock((await anOpening({})).dataSource, 'shared', PLACES);

    it('is not needed with Redis, but respected', async () => {
      const { lock } = await anInstance();
      await expect(anInstance(withRedis())).rejects.toThrow(/^A process without Redis serves this database/);
      await lock.release();
      await anInstance(withRedis());
      await anInstance(withRedis());
    });

    it('is not given beside processes with Redis, as long as one of them lives', async () => {
      const [first, second] = [await anInstance(withRedis()), await anInstance(withRedis())];
      await expect(anInstance()).rejects.toThrow(AlreadyRunningError);
      await expect(anInstance()).rejects.toThrow(/^Processes with Redis serve this database.* REDIS_URL/);
      await first.lock.release();
      await expect(anInstance()).rejects.toThrow(AlreadyRunningError);
      const third = await anInstance(withRedis());
      await second.lock.release();
      await expect(anInstance()).rejects.toThrow(AlreadyRunningError);
      await third.lock.release();
      await anInstance();
    });

    it('is given to one kind of process or to none when both start at once', async () => {
      for (let round = 0; round < 5; round++) {
        const starts = [{}, withRedis(), {}, withRedis()].map(async (kind) => ({ kind, ...(await anInstance(kind)) }));
        const started = (await Promise.allSettled(starts)).flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
        expect(new Set(started.map(({ kind }) => 'redisUrl' in kind)).size).toBeLessThanOrEqual(1);
        for (const { lock } of started) await lock.release();
      }
    });

    it('is not needed by any number of processes with Redis, and those beyond the places get one that is left', async () => {
      const { config, dataSource } = await anOpening({ ...withRedis(), poolSize: 2 * PLACES });
      const locks: InstanceLock[] = [];
      for (let index = 0; index <= PLACES; index++) locks.push(await InstanceLock.take(config, () => dataSource, () => undefined, CHECK_EVERY_MS));
      undo.push(() => locks.at(-1)!.release());
      const places = await thePlaces();
      for (const lock of locks.slice(0, -1)) await lock.release();
      await expect.poll(() => places.isHeld(), { timeout: 5000 }).toBe(true);
      await expect(anInstance()).rejects.toThrow(AlreadyRunningError);
    });

    it('is kept from others by a process with Redis whose connection broke and came back', async () => {
      const { lost } = await anInstance({ ...withRedis(), url: proxy.instead(database.url) });
      const places = await thePlaces();
      proxy.cut();
      await expect.poll(() => places.isHeld(), { timeout: 5000 }).toBe(false);
      proxy.restore();
      await expect.poll(() => places.isHeld(), { timeout: 5000 }).toBe(true);
      await expect(anInstance()).rejects.toThrow(AlreadyRunningError);
      expect(lost()).toBe(0);
    });

    it('that was taken while the database was away from a process with Redis ends that process', async () => {
      const { lost } = await anInstance({ ...withRedis(), url: proxy.instead(database.url) });
      proxy.cut();
      await expect.poll(() => anInstance().then(() => 'taken', () => 'refused'), { timeout: 5000 }).toBe('taken');
      proxy.restore();
      await expect.poll(lost, { timeout: 5000 }).toBeGreaterThan(0);
    });

    it('is taken anew when its connection broke', async () => {
      const { lost } = await anInstance({ url: proxy.instead(database.url) });
      const lock = new NamedLock((await anOpening({})).dataSource, 'instance');
      proxy.cut();
      await later(4 * CHECK_EVERY_MS);
      proxy.restore();
      await expect.poll(() => lock.isHeld(), { timeout: 5000 }).toBe(true);
      await later(4 * CHECK_EVERY_MS);
      expect(lost()).toBe(0);
      await expect(anInstance()).rejects.toThrow(AlreadyRunningError);
    });

    it('is not lost to itself while the server lets connections wait', async () => {
      const { lost } = await anInstance({ url: proxy.instead(database.url) });
      proxy.cut();
      proxy.freeze();
      await later(10 * CHECK_EVERY_MS);
      proxy.restore();
      await later(10 * CHECK_EVERY_MS);
      expect(lost()).toBe(0);
      await expect(anInstance()).rejects.toThrow(AlreadyRunningError);
    });

    it('is lost to another one that took it meanwhile, which ends the process', async () => {
      const { lost } = await anInstance({ url: proxy.instead(database.url) });
      proxy.cut();
      await later(2 * CHECK_EVERY_MS);
      await expect.poll(() => anInstance().then(() => 'taken', () => 'refused'), { timeout: 5000 }).toBe('taken');
      proxy.restore();
      await expect.poll(lost, { timeout: 5000 }).toBeGreaterThan(0);
    });
  });
});
