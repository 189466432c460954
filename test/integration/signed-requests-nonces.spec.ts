import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HAS_SERVERS } from '../support/cluster.js';
import { aPlainApplication, aSigningKey } from '../support/integrations.js';
import { startPrivateRedis } from '../support/services.js';
import type { PrivateRedis } from '../support/services.js';
import { sendRaw, signedHeaders } from '../support/signed-request.js';
import type { SignedAnswer, SigningKey } from '../support/signed-request.js';
import { anEmptyDatabase, startTestApp } from '../support/start-test-app.js';
import type { TestApp, TestDatabaseUrl } from '../support/start-test-app.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import type { TcpProxy } from '../support/tcp-proxy.js';
import { TestClock } from '../support/test-clock.js';

interface Signed {
  method: string;
  target: string;
  headers: Record<string, string>;
}

/** Signed for a name, so that it can be sent to whichever instance there is. */
function signed(key: SigningKey, now: number): Signed {
  const request = { method: 'GET', target: '/api/v1/auth/me', now };
  return { ...request, headers: { host: 'desk.example', ...signedHeaders('http://desk.example', key, request) } };
}

async function answerTo(request: Signed, app: TestApp): Promise<string> {
  const { status, body }: SignedAnswer = await sendRaw(app.url, request);
  return `${status} ${body.code ?? ''}`;
}

const TAKEN = '200 ';
const REPLAYED = '401 auth.signature_replayed';
const TOO_OLD = '401 auth.signature_expired';
const UNAVAILABLE = '503 auth.nonces_unavailable';

describe.skipIf(HAS_SERVERS)('a service whose nonces are in its memory', () => {
  it('refuses after a restart what it may have taken before', async () => {
    const clock = new TestClock();
    const database = await anEmptyDatabase();
    const first = await startTestApp({ database, clock });
    const key = await aSigningKey(first.api, await aPlainApplication(first.api));
    const [used, unused] = [signed(key, clock.now()), signed(key, clock.now())];
    expect([await answerTo(used, first), await answerTo(used, first)]).toEqual([TAKEN, REPLAYED]);
    await first.close();

    clock.advance(1000);
    const second = await startTestApp({ database, clock });
    try {
      expect([await answerTo(used, second), await answerTo(unused, second)]).toEqual([TOO_OLD, TOO_OLD]);
      const young = await aSigningKey(second.api, await aPlainApplication(second.api));
      expect(await answerTo(signed(young, clock.now()), second)).toBe(TAKEN);
      clock.advance(1000);
      const next = signed(key, clock.now());
      expect([await answerTo(next, second), await answerTo(next, second), await answerTo(used, second)]).toEqual([TAKEN, REPLAYED, REPLAYED]);
    } finally {
      await second.close();
      await database.drop();
    }
  });
});

describe.runIf(HAS_SERVERS)('instances whose nonces are in Redis', { timeout: 60_000 }, () => {
  const clock = new TestClock();
  let redis: PrivateRedis;
  let proxy: TcpProxy;
  let database: TestDatabaseUrl;
  let a: TestApp;
  let b: TestApp;
  let key: SigningKey;

  beforeEach(async () => {
    redis = await startPrivateRedis();
    proxy = await startTcpProxy(redis.url);
    database = { ...(await anEmptyDatabase()), redisUrl: proxy.instead(redis.url) };
    a = await startTestApp({ database, clock });
    b = await startTestApp({ database, clock });
    key = await aSigningKey(a.api, await aPlainApplication(a.api));
  });

  afterEach(async () => {
    proxy?.restore();
    await a?.close();
    await b?.close();
    await database?.drop();
    await proxy?.close();
    await redis?.stop();
  });

  it('take from the first second on what a new key has signed', async () => {
    expect([await answerTo(signed(key, clock.now()), a), await answerTo(signed(key, clock.now()), b)]).toEqual([TAKEN, TAKEN]);
  });

  it.each<[string, () => Promise<void>]>([
    ['emptied', () => redis.flushAll()],
    ['restarted', () => redis.restart()],
  ])('refuse what may have been taken before Redis was %s', async (_name, lose) => {
    const [used, unused] = [signed(key, clock.now()), signed(key, clock.now())];
    expect([await answerTo(used, a), await answerTo(used, b)]).toEqual([TAKEN, REPLAYED]);
    clock.advance(1000);
    await lose();
    await expect.poll(() => answerTo(used, a), { timeout: 10_000 }).toMatch(/^401/);
    expect(await answerTo(unused, b)).toBe(TOO_OLD);
    clock.advance(1000);
    const next = signed(key, clock.now());
    expect([await answerTo(next, a), await answerTo(next, b), await answerTo(used, b)]).toEqual([TAKEN, REPLAYED, REPLAYED]);
  });

  it.each<[string, () => void]>([
    ['is away', () => proxy.cut()],
    ['does not answer', () => proxy.freeze()],
  ])('take no signed request while Redis %s, and go on with it', async (_name, lose) => {
    const used = signed(key, clock.now());
    expect(await answerTo(used, a)).toBe(TAKEN);
    lose();
    const { status, headers, body } = await sendRaw(a.url, signed(key, clock.now()));
    expect([status, headers['retry-after'], body.code]).toEqual([503, '5', 'auth.nonces_unavailable']);
    expect(await answerTo(used, a)).toBe(UNAVAILABLE);
    expect(await answerTo({ ...used, headers: { ...used.headers, signature: 'sig=:AAAA:' } }, a)).toBe('401 auth.signature_invalid');
    proxy.restore();
    await expect.poll(() => answerTo(signed(key, clock.now()), a), { timeout: 15_000 }).toBe(TAKEN);
    expect(await answerTo(used, a)).toBe(REPLAYED);
  });
});
