import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCallbackSink } from '../support/callback-sink.js';
import type { CallbackSink } from '../support/callback-sink.js';
import { startServer } from '../support/server-process.js';
import type { ServerProcess } from '../support/server-process.js';
import { connectSocket } from '../support/socket-client.js';
import { ADMIN_PASSWORD, API_KEY, Caller, anEmptyDatabase } from '../support/start-test-app.js';
import type { TestDatabaseUrl } from '../support/start-test-app.js';

const SECRET_KEY = 'a secret key for tests that is long enough';
const TEXT = 'the text of a message that nobody else may read';

describe('what the process writes', () => {
  let database: TestDatabaseUrl;
  let server: ServerProcess;
  let sink: CallbackSink;
  let output: string;
  const secrets: Record<string, string> = { TEXT, SECRET_KEY, API_KEY, ADMIN_PASSWORD };

  /** Everything that has to do with a secret or a body, gone well and gone wrong, at the level that says the most. */
  beforeAll(async () => {
    database = await anEmptyDatabase();
    sink = await startCallbackSink({ answer: () => ({ status: 500, body: 'the answer of a receiver' }) });
    server = await startServer({
      DATABASE_URL: database.url, REDIS_URL: database.redisUrl, SECRET_KEY, BOOTSTRAP_API_KEY: API_KEY, BOOTSTRAP_ADMIN_PASSWORD: ADMIN_PASSWORD,
      CALLBACK_ALLOW_CIDRS: '127.0.0.0/8', LOG_LEVEL: 'trace',
    });
    const api = new Caller(server.url, { 'x-api-key': API_KEY });
    const nobody = new Caller(server.url, {});
    const login = (await nobody.post('/auth/login', { username: 'admin', password: ADMIN_PASSWORD })).body;
    const refreshed = (await nobody.post('/auth/refresh', { refresh_token: login.refresh_token })).body;
    const callback = (
      await api.post('/callbacks', {
        url: `${sink.url}/hook?token=token-of-a-receiver`, events: ['*'], headers: { authorization: 'Bearer credential-of-a-receiver' }, retry: { schedule_seconds: [0, 3600] },
      })
    ).body;
    Object.assign(secrets, {
      accessToken: login.access_token, refreshToken: login.refresh_token, newAccessToken: refreshed.access_token, newRefreshToken: refreshed.refresh_token,
      callbackSecret: callback.secret, callbackHeader: 'credential-of-a-receiver', callbackQuery: 'token-of-a-receiver', receiversAnswer: 'the answer of a receiver',
      wrongPassword: 'a password that is wrong', wrongKey: 'cdk_wrongwrongwrongwrongwrong', wrongToken: 'wrong.wrong.wrong', agentPassword: 'the password of an agent', queryToken: 'token-in-a-query',
    });
    await nobody.post('/auth/login', { username: 'admin', password: secrets.wrongPassword });
    await nobody.post('/auth/refresh', { refresh_token: login.refresh_token });
    await new Caller(server.url, { 'x-api-key': secrets.wrongKey! }).get('/agents');
    await new Caller(server.url, { authorization: `Bearer ${secrets.wrongToken}` }).get('/agents');
    await api.get('/agents?access_token=token-in-a-query');
    for (let round = 0; round < 2; round++) await api.post('/agents', { username: 'li', password: secrets.agentPassword }, { 'idempotency-key': `key-${round}` });
    const conversation = (await api.post('/conversations', { visitor: { external_id: 'customer' } })).body;
    const message = { conversation_id: conversation.id, sender: { type: 'visitor' }, type: 'text', content: TEXT };
    await api.post('/messages', message);
    await api.post('/messages', { ...message, unknown: TEXT });
    await api.post('/messages', `{"content":"${TEXT}`);
    await api.post('/messages', { ...message, content: { text: TEXT } });
    for (const token of [API_KEY, 'wrong.wrong.wrong']) {
      const socket = await connectSocket(server.url, token).catch(() => null);
      await socket?.request('message.send', message);
      await socket?.request('message.send', { ...message, type: TEXT });
      socket?.close();
    }
    await sink.waitFor(3, 10_000);
    await server.stop();
    output = server.output();
  }, 60_000);

  afterAll(async () => {
    await server.kill();
    await sink.close();
    await database.drop();
  });

  it('holds no secret and no body', () => {
    for (const [name, secret] of Object.entries(secrets)) {
      // None that is missing, which would be found nowhere.
      expect({ name, known: secret?.length > 5, shown: output.includes(secret) }).toEqual({ name, known: true, shown: false });
    }
  });

  it('holds no password of a database', () => {
    const { password } = new URL(database.url);
    if (password !== '') expect(output).not.toContain(password);
  });

  it('is one JSON object a line, behind the words at the start', () => {
    const lines = output.split('\n').filter((line) => line !== '');
    const first = lines.findIndex((line) => line.startsWith('  Swagger'));
    const objects = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(first).toBeGreaterThan(0);
    for (const object of objects) expect(object).toMatchObject({ level: expect.any(String), time: expect.stringMatching(/Z$/) });
    const requests = objects.filter(({ msg }) => msg === 'request');
    expect(requests.length).toBeGreaterThan(10);
    for (const request of requests) {
      expect(request).toMatchObject({ request_id: expect.any(String), method: expect.any(String), path: expect.not.stringContaining('?'), status: expect.any(Number), duration_ms: expect.any(Number) });
    }
  });

  it('complains of nothing that callers did wrong', () => {
    const objects = output.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as { level: string });
    expect(objects.filter(({ level }) => ['error', 'fatal'].includes(level))).toEqual([]);
  });
});
