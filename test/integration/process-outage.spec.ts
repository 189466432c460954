import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startCallbackSink } from '../support/callback-sink.js';
import type { CallbackSink } from '../support/callback-sink.js';
import { startServer } from '../support/server-process.js';
import type { ServerProcess } from '../support/server-process.js';
import { startPrivateRedis } from '../support/services.js';
import type { PrivateRedis } from '../support/services.js';
import { connectSocket } from '../support/socket-client.js';
import { API_KEY, Caller, anEmptyDatabase } from '../support/start-test-app.js';
import type { TestDatabaseUrl } from '../support/start-test-app.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import type { TcpProxy } from '../support/tcp-proxy.js';

/** SQLite and what runs in the process cannot go away without it. */
describe.runIf(process.env.TEST_MATRIX === 'servers')('a process whose servers go away', { timeout: 60_000 }, () => {
  let database: TestDatabaseUrl;
  let redis: PrivateRedis;
  let mysqlProxy: TcpProxy;
  let redisProxy: TcpProxy;
  let sink: CallbackSink;
  let server: ServerProcess;
  let api: Caller;
  let conversation: string;

  beforeEach(async () => {
    database = await anEmptyDatabase();
    redis = await startPrivateRedis();
    mysqlProxy = await startTcpProxy(database.url);
    redisProxy = await startTcpProxy(redis.url);
    sink = await startCallbackSink();
    server = await startServer({
      DATABASE_URL: mysqlProxy.instead(database.url), REDIS_URL: redisProxy.instead(redis.url), SECRET_KEY: 'a secret key for tests that is long enough',
      BOOTSTRAP_API_KEY: API_KEY, CALLBACK_ALLOW_CIDRS: '127.0.0.0/8', SHUTDOWN_TIMEOUT: '5',
    });
    api = new Caller(server.url, { 'x-api-key': API_KEY });
    await api.post('/callbacks', { url: sink.url, events: ['message.received'] });
    conversation = (await api.post('/conversations', { visitor: { external_id: 'customer' } })).body.id;
  }, 30_000);

  afterEach(async () => {
    await server.kill();
    await Promise.all([sink.close(), mysqlProxy.close(), redisProxy.close()]);
    await redis.stop();
    await database.drop();
  });

  const send = (content: string) => api.post('/messages', { conversation_id: conversation, sender: { type: 'visitor' }, type: 'text', content });
  const readiness = async () => {
    const { status, body } = await api.get('//health/ready');
    return status === 200 ? body : { status, code: body.code, checks: body.checks };
  };
  const delivered = () => new Set(sink.received.map(({ body }) => body.data.content as string));
  const READY = { status: 'ok', database: 'ok', redis: 'ok' };

  it('says which of them is away, and that it is back', async () => {
    expect(await readiness()).toEqual(READY);
    redisProxy.cut();
    await expect.poll(readiness, { timeout: 10_000 }).toEqual({ status: 503, code: 'service.not_ready', checks: { database: 'ok', redis: 'unreachable' } });
    mysqlProxy.cut();
    await expect.poll(readiness, { timeout: 10_000 }).toEqual({ status: 503, code: 'service.not_ready', checks: { database: 'unreachable', redis: 'unreachable' } });
    expect((await api.get('//health/live')).status).toBe(200);
    expect((await api.get('//metrics')).status).toBe(200);
    redisProxy.restore();
    mysqlProxy.restore();
    await expect.poll(readiness, { timeout: 15_000 }).toEqual(READY);
  });

  it('answers in time when they only keep silent', async () => {
    mysqlProxy.freeze();
    redisProxy.freeze();
    const begunAt = performance.now();
    expect(await readiness()).toMatchObject({ status: 503, checks: { database: 'unreachable', redis: 'unreachable' } });
    expect(performance.now() - begunAt).toBeLessThan(5000);
    mysqlProxy.restore();
    redisProxy.restore();
    await expect.poll(readiness, { timeout: 20_000 }).toEqual(READY);
    expect((await send('after the silence')).status).toBe(201);
  });

  it('goes on taking messages without Redis, and delivers them when it is back', async () => {
    redisProxy.cut();
    for (let index = 0; index < 5; index++) expect((await send(`without Redis ${index}`)).status).toBe(201);
    redisProxy.restore();
    expect((await send('with Redis')).status).toBe(201);
    await expect.poll(() => delivered().size, { timeout: 20_000 }).toBe(6);
    expect(await readiness()).toEqual(READY);
  });

  it('survives a restart of Redis that forgets everything', async () => {
    const socket = await connectSocket(server.url, API_KEY);
    expect((await send('before')).status).toBe(201);
    await redis.restart();
    await redis.flushAll();
    expect((await send('right after')).status).toBe(201);
    await expect.poll(readiness, { timeout: 10_000 }).toEqual(READY);
    expect((await send('later')).status).toBe(201);
    await expect.poll(() => [...delivered()].toSorted(), { timeout: 20_000 }).toEqual(['before', 'later', 'right after']);
    await socket.waitFor(({ envelope }) => envelope?.data?.content === 'later', 10_000);
    socket.close();
    expect(await server.stop()).toBe(0);
  });

  it('refuses with 503 while the database is away, and takes up again by itself', async () => {
    expect((await send('before')).status).toBe(201);
    mysqlProxy.cut();
    for (let index = 0; index < 5; index++) {
      const refused = await send(`lost ${index}`);
      expect(refused.status).toBe(503);
      expect(refused.headers.get('content-type')).toContain('application/problem+json');
      expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
      expect((await api.get('/conversations')).status).toBe(503);
    }
    mysqlProxy.restore();
    await expect.poll(async () => (await send('again')).status, { timeout: 15_000 }).toBe(201);
    await expect.poll(() => [...delivered()].toSorted(), { timeout: 20_000 }).toEqual(['again', 'before']);
    const { body } = await api.get(`/conversations/${conversation}/messages?sort=seq`);
    expect(body.data.map((message: { seq: number }) => message.seq)).toEqual(body.data.map((_: unknown, index: number) => index + 1));
  });

  it('stores each message that it answered with 201 exactly once, wherever the connection broke', async () => {
    const answered: string[] = [];
    const unanswered: string[] = [];
    let breaking = true;
    const breaker = (async () => {
      for (let round = 0; round < 6; round++) {
        await new Promise((resolve) => setTimeout(resolve, 150));
        mysqlProxy.cut();
        mysqlProxy.restore();
      }
      breaking = false;
    })();
    await Promise.all(
      Array.from({ length: 16 }, async (_, client) => {
        for (let round = 0; breaking; round++) {
          const content = `${client}/${round}`;
          const { status } = await send(content);
          (status === 201 ? answered : unanswered).push(content);
          expect([201, 503]).toContain(status);
        }
      }),
    );
    await breaker;
    await expect.poll(readiness, { timeout: 15_000 }).toEqual(READY);
    const stored: string[] = [];
    for (let cursor = ''; ; ) {
      const { body } = await api.get(`/conversations/${conversation}/messages?sort=seq&limit=100${cursor}`);
      stored.push(...body.data.map((message: { content: string }) => message.content));
      if (!body.has_more) break;
      cursor = `&cursor=${body.next_cursor}`;
    }
    expect(new Set(stored).size).toBe(stored.length);
    expect(answered.filter((content) => !stored.includes(content))).toEqual([]);
    expect(unanswered.length).toBeGreaterThan(0);
    expect(answered.length).toBeGreaterThan(0);
  });

  it('ends with 0 also when it is told to stop while they are away', async () => {
    await send('before');
    redisProxy.cut();
    mysqlProxy.cut();
    expect(await server.stop()).toBe(0);
  });
});
