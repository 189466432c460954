import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HAS_SERVERS } from '../support/cluster.js';
import { startPrivateRedis } from '../support/services.js';
import type { PrivateRedis } from '../support/services.js';
import { anEmptyDatabase, startTestApp } from '../support/start-test-app.js';
import type { TestApp, TestDatabaseUrl } from '../support/start-test-app.js';
import { tally } from '../support/desk.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import type { TcpProxy } from '../support/tcp-proxy.js';

const LIMIT = 30;
const AWAY = 'rate limits cannot be shared through Redis; each process counts for itself';
const BACK = 'rate limits are shared through Redis again';

describe.runIf(HAS_SERVERS)('rate limits without their Redis', () => {
  let redis: PrivateRedis;
  let proxy: TcpProxy;
  let database: TestDatabaseUrl;
  let instances: TestApp[];
  let logs: { level: string; msg: string }[];

  beforeEach(async () => {
    redis = await startPrivateRedis();
    proxy = await startTcpProxy(redis.url);
    database = { ...(await anEmptyDatabase()), redisUrl: proxy.instead(redis.url) };
    logs = [];
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        logs.push(JSON.parse(chunk.toString('utf8')));
        done();
      },
    });
    instances = [];
    for (const destination of [sink, undefined]) instances.push(await startTestApp({ database, env: { RATE_LIMIT: `${LIMIT}/600` }, logs: destination }));
  });

  afterEach(async () => {
    for (const instance of instances) await instance.close();
    await proxy.close();
    await redis.stop();
    await database.drop();
  });

  const said = (message: string): number => logs.filter(({ msg }) => msg === message).length;
  const gauge = async (): Promise<string | undefined> => /^crossdesk_rate_limiter_insured (\d)$/m.exec((await instances[0]!.as({}).get('//metrics')).text)?.[1];
  const ask = (instance: TestApp) => instance.api.get('/auth/me');

  /** Each process lets its own limit pass, at once; the answers before that came from the shared count. */
  async function expectInsured(): Promise<void> {
    for (const instance of instances) {
      const answers = await Promise.all(Array.from({ length: LIMIT + 20 }, () => ask(instance)));
      expect(tally(answers)).toEqual({ 200: LIMIT, 429: 20 });
      expect(Number(answers.at(-1)!.headers.get('retry-after'))).toBeGreaterThan(500);
    }
    expect(said(AWAY)).toBe(1);
    expect(await gauge()).toBe('1');
  }

  async function expectShared(): Promise<void> {
    await expect.poll(async () => [(await ask(instances[0]!)).status, said(BACK)], { timeout: 15_000, interval: 200 }).toEqual([expect.any(Number), 1]);
    expect(await gauge()).toBe('0');
    expect(said(AWAY)).toBe(1);
  }

  it('count in each process while the connection is cut, say so once, and share again', async () => {
    expect(await gauge()).toBe('0');
    expect((await ask(instances[1]!)).headers.get('ratelimit')).toMatch(/^"default";r=29;/);
    expect((await ask(instances[0]!)).headers.get('ratelimit')).toMatch(/^"default";r=28;/);
    proxy.cut();
    await expectInsured();
    proxy.restore();
    await expectShared();
    const { headers } = await ask(instances[0]!);
    expect(headers.get('ratelimit')).toMatch(/^"default";r=(2\d|1\d);/);
  });

  it('go on when Redis is stopped', async () => {
    await ask(instances[0]!);
    await redis.stop();
    await expectInsured();
  });

  it('go on when Redis hangs, without letting every request wait for it', async () => {
    await ask(instances[0]!);
    proxy.freeze();
    const begunAt = performance.now();
    await expectInsured();
    expect(performance.now() - begunAt).toBeLessThan(10_000);
    proxy.restore();
    await expectShared();
  });

  it('begin anew where Redis was emptied', async () => {
    await ask(instances[0]!);
    await redis.flushAll();
    expect((await ask(instances[1]!)).headers.get('ratelimit')).toMatch(/^"default";r=29;/);
    expect(said(AWAY)).toBe(0);
  });
});
