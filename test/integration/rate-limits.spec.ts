import { afterEach, describe, expect, it, vi } from 'vitest';
import { HAS_SERVERS, startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aLogin, created, tally, unique } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { connectSocket } from '../support/socket-client.js';
import { ADMIN_PASSWORD, API_KEY } from '../support/start-test-app.js';
import type { Answer, Caller } from '../support/start-test-app.js';

const LIMIT = 40;
const POLICY = `"default";q=${LIMIT};w=60`;

interface Left {
  remaining: number;
  seconds: number;
}

/** What `RateLimit` says. */
function leftIn({ headers }: Answer): Left {
  const [, remaining, seconds] = /^"default";r=(\d+);t=(\d+)$/.exec(headers.get('ratelimit') ?? '') ?? [];
  return { remaining: Number(remaining), seconds: Number(seconds) };
}

async function times<T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let index = 0; index < count; index++) results.push(await work(index));
  return results;
}

describe('rate limits', () => {
  let cluster: Cluster;

  afterEach(async () => {
    vi.useRealTimers();
    await cluster.close();
  });

  const start = async (env: Record<string, string> = {}): Promise<Caller> => {
    cluster = await startCluster({ env: { RATE_LIMIT: `${LIMIT}/60`, ...env } });
    return cluster.a.api;
  };
  /** Another address for each that asks. */
  const behindProxy = { TRUST_PROXY: '127.0.0.0/8' };
  const from = (address: string): Caller => cluster.a.as({ 'x-forwarded-for': address });

  it('let exactly as many pass as they say, on whichever instance, and say where the caller stands', async () => {
    const api = await start();
    const [first] = await times(1, () => api.get('/agents'));
    expect(first!.headers.get('ratelimit-policy')).toBe(POLICY);
    expect(leftIn(first!).remaining).toBe(LIMIT - 1);
    expect(leftIn(first!).seconds).toBeGreaterThanOrEqual(58);
    expect(leftIn(first!).seconds).toBeLessThanOrEqual(60);
    const answers = await times(LIMIT - 1, (index) => cluster.each(index).api.get('/auth/me'));
    expect(tally(answers)).toEqual({ 200: LIMIT - 1 });
    expect(answers.map((answer) => leftIn(answer).remaining)).toEqual(answers.map((_, index) => LIMIT - 2 - index));
    for (const instance of [cluster.a, cluster.b]) {
      const refused = await instance.api.get('/agents');
      expect(refused.status).toBe(429);
      expect(refused.headers.get('content-type')).toContain('application/problem+json');
      expect(refused.headers.get('ratelimit-policy')).toBe(POLICY);
      const { remaining, seconds } = leftIn(refused);
      expect(remaining).toBe(0);
      expect(refused.headers.get('retry-after')).toBe(String(seconds));
      expect(refused.body).toMatchObject({ type: 'urn:crossdesk:problem:rate_limit.exceeded', status: 429, code: 'rate_limit.exceeded', instance: '/api/v1/agents' });
    }
    expect((await cluster.a.as({}).get('//health/ready')).status).toBe(200);
  });

  it('let exactly as many pass when two hundred come at once', async () => {
    await start();
    const answers = await Promise.all(Array.from({ length: 200 }, (_, index) => cluster.each(index).api.get('/auth/me')));
    expect(tally(answers)).toEqual({ 200: LIMIT, 429: 200 - LIMIT });
  });

  it('begin anew when the window has ended', async () => {
    const api = await start({ RATE_LIMIT: '3/2' });
    expect(tally(await times(4, () => api.get('/auth/me')))).toEqual({ 200: 3, 429: 1 });
    await expect.poll(async () => (await api.get('/auth/me')).status, { timeout: 5000 }).toBe(200);
  });

  it.runIf(!HAS_SERVERS)('count the seconds down', async () => {
    const api = await start();
    const { seconds } = leftIn(await api.get('/auth/me'));
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 20_000 });
    const later = leftIn(await api.get('/auth/me'));
    expect(later.remaining).toBe(LIMIT - 2);
    expect(seconds - later.seconds).toBeGreaterThanOrEqual(20);
    expect(seconds - later.seconds).toBeLessThanOrEqual(21);
    vi.setSystemTime(Date.now() + 41_000);
    expect(leftIn(await api.get('/auth/me'))).toEqual({ remaining: LIMIT - 1, seconds: 60 });
  });

  it('count each credential for itself, whichever way it comes', async () => {
    const api = await start();
    const { as: agent } = await aLogin(cluster.a, { role: 'admin' });
    expect(leftIn(await agent.get('/auth/me')).remaining).toBe(LIMIT - 1);
    const { remaining } = leftIn(await api.get('/auth/me'));
    expect(leftIn(await agent.get('/auth/me')).remaining).toBe(LIMIT - 2);
    expect(leftIn(await api.get('/auth/me')).remaining).toBe(remaining - 1);
  });

  it('count what is refused for other reasons, once, and what is replayed', async () => {
    const api = await start();
    const key = { 'idempotency-key': unique('key') };
    const body = { username: unique('agent') };
    const answers = [
      await api.get('/agents/agt_00000000000000000000000000'),
      await api.post('/agents', { username: 7 }),
      await api.post('/agents', body, key),
      await api.post('/agents', body, key),
      await api.get('/auth/me'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([404, 422, 201, 201, 200]);
    expect(answers[3]!.headers.get('idempotency-replayed')).toBe('true');
    expect(answers.map((answer) => leftIn(answer).remaining)).toEqual([1, 2, 3, 4, 5].map((used) => LIMIT - used));
  });

  it('count an application with a limit of its own over all its keys', async () => {
    const api = await start();
    const application = await created(api.post('/applications', { name: 'shop', scopes: ['agents:read'], rate_limit: { limit: 5, window_seconds: 30 } }));
    const keys = await times(2, async () => (await created(api.post(`/applications/${application.id}/api-keys`, { name: 'key' })))['key'] as string);
    const callers = keys.map((key) => cluster.a.as({ 'x-api-key': key }));
    const answers = await times(6, (index) => callers[index % 2]!.get('/agents'));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429]);
    expect(answers[0]!.headers.get('ratelimit-policy')).toBe('"default";q=5;w=30');
    await api.put(`/applications/${application.id}`, { rate_limit: { limit: 8, window_seconds: 30 } });
    await expect.poll(async () => (await callers[0]!.get('/agents')).headers.get('ratelimit-policy')).toBe('"default";q=8;w=30');
  });

  it('count requests without a good credential by address, and spare others', async () => {
    const api = await start(behindProxy);
    const wrong = { 'x-api-key': 'cdk_wrongwrongwrongwrongwrong' };
    const attempts = [
      () => from('192.0.2.1').get('/agents'),
      () => from('192.0.2.1').get('/agents', wrong),
      () => from('192.0.2.1').get('/agents', { authorization: 'Bearer a.b.c' }),
      () => from('192.0.2.1').post('/auth/refresh', { refresh_token: 'no' }),
    ];
    const answers = await times(LIMIT, (index) => attempts[index % (index < 8 ? 4 : 3)]!());
    expect(tally(answers)).toEqual({ 401: LIMIT });
    expect(answers.map((answer) => leftIn(answer).remaining)).toEqual(answers.map((_, index) => LIMIT - 1 - index));
    for (const attempt of attempts) expect((await attempt()).status).toBe(429);
    expect((await from('192.0.2.2').get('/agents')).status).toBe(401);
    expect((await cluster.a.as({ 'x-forwarded-for': '192.0.2.1', 'x-api-key': API_KEY }).get('/agents')).status).toBe(200);
    expect(leftIn(await api.get('/agents')).remaining).toBe(LIMIT - 2);
    // All of a line's IPv6 addresses are one caller.
    expect(leftIn(await from('2001:db8::1').get('/agents')).remaining).toBe(LIMIT - 1);
    expect(leftIn(await from('2001:db8::ffff').get('/agents')).remaining).toBe(LIMIT - 2);
  });

  it('are not passed by a forged X-Forwarded-For', async () => {
    await start();
    const answers = await times(LIMIT + 1, (index) => from(`192.0.2.${index}`).get('/agents'));
    expect(answers.at(-2)!.status).toBe(401);
    expect(answers.at(-1)!.status).toBe(429);
    await cluster.close();
    await start(behindProxy);
    const behind = await times(LIMIT + 1, (index) => from(`192.0.2.${index}, 198.51.100.1`).get('/agents'));
    expect(behind.at(-2)!.status).toBe(401);
    expect(behind.at(-1)!.status).toBe(429);
  });

  it('count requests over a socket with the others of its credential', async () => {
    const api = await start();
    const conversation = await aConversation(api);
    const socket = await connectSocket(cluster.b.url, API_KEY);
    const message = { conversation_id: conversation.id, sender: { type: 'visitor' }, type: 'text', content: 'hello' };
    const acks = await times(LIMIT - 2, (index) => (index % 2 === 0 ? socket.request('message.send', message) : socket.request('sync', { after_position: 0 })));
    expect(acks.every(({ ok }) => ok)).toBe(true);
    expect(leftIn(await api.get('/auth/me')).remaining).toBe(0);
    for (const [event, payload] of [['message.send', message], ['sync', { after_position: 0 }]] as const) {
      expect(await socket.request(event, payload)).toMatchObject({ ok: false, error: { code: 'rate_limit.exceeded' } });
    }
    expect(socket.socket.connected).toBe(true);
    socket.close();
  });

  it('count refused handshakes by address', async () => {
    await start({ RATE_LIMIT: '3/60' });
    const codes = await times(4, () => connectSocket(cluster.a.url, 'wrong').then(() => 'connected', (error: { code?: string }) => error.code));
    expect(codes).toEqual(['auth.credential_invalid', 'auth.credential_invalid', 'auth.credential_invalid', 'rate_limit.exceeded']);
    expect((await cluster.a.as({}).get('/agents')).status).toBe(429);
  });

  it('spare health checks, metrics and documents', async () => {
    await start({ RATE_LIMIT: '2/60' });
    for (const path of ['//health/live', '//health/ready', '//metrics', '//docs/swagger-ui.css']) {
      const answers = await times(4, () => cluster.a.as({}).get(path));
      expect(tally(answers), path).toEqual({ 200: 4 });
      expect(answers[0]!.headers.get('ratelimit')).toBeNull();
    }
    await times(3, () => cluster.a.as({}).get('/agents'));
    expect((await cluster.a.as({}).get('//metrics')).text).toContain('crossdesk_rate_limited_total{by="address"} 1');
  });

  it('can be switched off, those of applications and log-ins included', async () => {
    const api = await start({ RATE_LIMIT: 'off' });
    const application: Resource = await created(api.post('/applications', { name: 'shop', scopes: ['agents:read'], rate_limit: { limit: 1, window_seconds: 60 } }));
    const { key } = await created(api.post(`/applications/${application.id}/api-keys`, { name: 'key' }));
    const shop = cluster.a.as({ 'x-api-key': key as string });
    const answers = await times(5, () => shop.get('/agents'));
    expect(tally(answers)).toEqual({ 200: 5 });
    expect(answers[0]!.headers.get('ratelimit')).toBeNull();
    const guesses = await Promise.all(Array.from({ length: 40 }, () => cluster.a.as({}).post('/auth/login', { username: 'admin', password: 'wrong' })));
    expect(tally(guesses)).toEqual({ 401: 40 });
    await cluster.a.login('admin', ADMIN_PASSWORD);
  });
});
