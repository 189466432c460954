import 'reflect-metadata';
import { mkdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { anEmptyDatabase } from '../../../test/support/start-test-app.js';
import type { TestDatabaseUrl } from '../../../test/support/start-test-app.js';
import { startTcpProxy } from '../../../test/support/tcp-proxy.js';
import type { TcpProxy } from '../../../test/support/tcp-proxy.js';
import { readConfig } from '../config/config.js';
import { dataSourceOptions } from './data-source-options.js';
import { Database } from './database.js';
import { AlreadyRunningError, InstanceLock } from './instance-lock.js';

const mysql = process.env.TEST_MATRIX === 'servers';
const CHECK_EVERY_MS = 50;

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

  /** What a process does at its start; `lost` counts how often it would have had to end. */
  async function anInstance(options: { url?: string; redisUrl?: string } = {}): Promise<{ lock: InstanceLock; lost: () => number }> {
    const config = readConfig({ DATABASE_URL: options.url ?? database.url, REDIS_URL: options.redisUrl, SECRET_KEY: 'a secret key for tests that is long enough' });
    const dataSource = await Database.openWriter(dataSourceOptions(config));
    undo.push(async () => dataSource.destroy());
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

    it('is not needed with Redis, but respected', async () => {
      await anInstance({ redisUrl: database.redisUrl });
      await anInstance({ redisUrl: database.redisUrl });
      const { lock } = await anInstance();
      await expect(anInstance({ redisUrl: database.redisUrl })).rejects.toThrow(/^A process without Redis serves this database/);
      await lock.release();
      await anInstance({ redisUrl: database.redisUrl });
    });

    it('is taken anew when its connection broke', async () => {
      const { lost } = await anInstance({ url: proxy.instead(database.url) });
      proxy.cut();
      await later(4 * CHECK_EVERY_MS);
      proxy.restore();
      await expect.poll(() => anInstance().then(({ lock }) => lock.release().then(() => 'free'), () => 'taken'), { timeout: 5000 }).toBe('taken');
      await later(4 * CHECK_EVERY_MS);
      expect(lost()).toBe(0);
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
