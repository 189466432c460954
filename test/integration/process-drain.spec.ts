import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startCallbackSink } from '../support/callback-sink.js';
import type { CallbackSink } from '../support/callback-sink.js';
import { startServer } from '../support/server-process.js';
import type { ServerProcess } from '../support/server-process.js';
import { connectSocket } from '../support/socket-client.js';
import { API_KEY, Caller, anEmptyDatabase } from '../support/start-test-app.js';
import type { TestDatabaseUrl } from '../support/start-test-app.js';

const CLIENTS = 24;

/** What became of a request: a status, or the error's code. */
type Outcome = { status: number; id: string } | { error: string };

function post(agent: Agent, url: string, body: unknown): Promise<Outcome> {
  return new Promise((resolve) => {
    const sent = request(url, { method: 'POST', agent, headers: { 'content-type': 'application/json', 'x-api-key': API_KEY } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.once('error', (error: NodeJS.ErrnoException) => resolve({ error: `half an answer: ${error.code}` }));
      response.once('end', () => resolve({ status: response.statusCode!, id: response.complete ? (JSON.parse(text) as { id: string }).id : 'half' }));
    });
    sent.once('error', (error: NodeJS.ErrnoException) => resolve({ error: error.code ?? error.message }));
    sent.end(JSON.stringify(body));
  });
}

describe('a process that is told to stop', { timeout: 60_000 }, () => {
  let database: TestDatabaseUrl;
  let servers: ServerProcess[];
  let sink: CallbackSink;

  beforeEach(async () => {
    database = await anEmptyDatabase();
    servers = [];
    sink = await startCallbackSink();
  });

  afterEach(async () => {
    for (const server of servers) await server.kill();
    await sink.close();
    await database.drop();
  });

  async function start(env: Record<string, string> = {}): Promise<ServerProcess> {
    const server = await startServer({
      DATABASE_URL: database.url, REDIS_URL: database.redisUrl, SECRET_KEY: 'a secret key for tests that is long enough',
      BOOTSTRAP_API_KEY: API_KEY, CALLBACK_ALLOW_CIDRS: '127.0.0.0/8', SHUTDOWN_TIMEOUT: '10', ...env,
    });
    servers.push(server);
    return server;
  }

  const api = (server: ServerProcess): Caller => new Caller(server.url, { 'x-api-key': API_KEY });

  async function aConversation(server: ServerProcess): Promise<string> {
    const { body } = await api(server).post('/conversations', { visitor: { external_id: 'customer' } });
    return body.id as string;
  }

  it('answers every request that got through, loses none of them, and ends with 0', async () => {
    const server = await start();
    await api(server).post('/callbacks', { url: sink.url, events: ['message.received'] });
    const conversations = [await aConversation(server), await aConversation(server)];
    const outcomes: Outcome[] = [];
    const agents: Agent[] = [];
    const load = Array.from({ length: CLIENTS }, async (_, client) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      agents.push(agent);
      for (let round = 0; ; round++) {
        const outcome = await post(agent, `${server.url}/api/v1/messages`, {
          conversation_id: conversations[client % 2], sender: { type: 'visitor' }, type: 'text', content: `${client}/${round}`,
        });
        outcomes.push(outcome);
        if ('error' in outcome) return;
      }
    });
    await expect.poll(() => outcomes.length, { timeout: 10_000 }).toBeGreaterThan(500);
    const code = await server.stop();
    await Promise.all(load);
    for (const agent of agents) agent.destroy();

    expect(code).toBe(0);
    const counts = new Map<string, number>();
    for (const outcome of outcomes) {
      const kind = 'error' in outcome ? outcome.error : String(outcome.status);
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    // Each client ends when it finds no listener any more: that request never got through.
    expect([...counts.keys()].toSorted()).toEqual(['201', 'ECONNREFUSED']);
    expect(counts.get('ECONNREFUSED')).toBe(CLIENTS);

    const answered = outcomes.flatMap((outcome) => ('id' in outcome ? [outcome.id] : []));
    expect(new Set(answered).size).toBe(answered.length);
    const next = await start();
    const total = await Promise.all(conversations.map((id) => api(next).get(`/messages?conversation_id=${id}&include_total=true&limit=1`)));
    expect(total.reduce((sum, { body }) => sum + body.total, 0)).toBe(answered.length);
    const delivered = () => new Set(sink.received.map(({ body }) => body.data.message_id as string));
    await expect.poll(() => delivered().size, { timeout: 15_000 }).toBe(answered.length);
    expect(await next.stop()).toBe(0);
  });

  it('lets a delivery that has begun come to its end, and says so', async () => {
    const slow = await startCallbackSink({ answer: () => ({ status: 204, delayMs: 1500 }) });
    const server = await start();
    const { body: callback } = await api(server).post('/callbacks', { url: slow.url, events: ['message.received'] });
    const conversation = await aConversation(server);
    await api(server).post('/messages', { conversation_id: conversation, sender: { type: 'visitor' }, type: 'text', content: 'x' });
    await slow.waitFor(1, 5000);
    expect(await server.stop()).toBe(0);
    const next = await start();
    const { body } = await api(next).get(`/callbacks/${callback.id}/deliveries`);
    expect(body.data).toMatchObject([{ status: 'succeeded', attempt_count: 1 }]);
    expect(slow.received).toHaveLength(1);
    await next.stop();
    await slow.close();
  });

  it('does not wait for a receiver for ever, and gives the delivery to whoever comes next', async () => {
    const hanging = await startCallbackSink({ answer: (_, count) => (count === 1 ? 'hang' : { status: 204 }) });
    const server = await start({ SHUTDOWN_TIMEOUT: '1' });
    const { body: callback } = await api(server).post('/callbacks', { url: hanging.url, events: ['message.received'], retry: { schedule_seconds: [0, 0, 0] } });
    const conversation = await aConversation(server);
    await api(server).post('/messages', { conversation_id: conversation, sender: { type: 'visitor' }, type: 'text', content: 'x' });
    await hanging.waitFor(1, 5000);
    const begunAt = performance.now();
    expect(await server.stop()).toBe(0);
    expect(performance.now() - begunAt).toBeLessThan(4000);
    const next = await start();
    await hanging.waitFor(2, 10_000);
    await expect.poll(async () => (await api(next).get(`/callbacks/${callback.id}/deliveries`)).body.data[0].status, { timeout: 5000 }).toBe('succeeded');
    await next.stop();
    await hanging.close();
  });

  it('is not held up by sockets, idle connections and callers who never finish', async () => {
    const server = await start({ SHUTDOWN_TIMEOUT: '2' });
    const socket = await connectSocket(server.url, API_KEY);
    const idle = new Agent({ keepAlive: true });
    await post(idle, `${server.url}/api/v1/conversations`, { visitor: { external_id: 'idle' } });
    const silent = connect(server.port, '127.0.0.1');
    const half = connect(server.port, '127.0.0.1', () => half.write('POST /api/v1/agents HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{'));
    for (const each of [silent, half]) each.on('error', () => undefined);
    await api(server).get('/agents');
    const closed = new Promise((resolve) => socket.socket.once('disconnect', resolve));
    const begunAt = performance.now();
    expect(await server.stop()).toBe(0);
    expect(performance.now() - begunAt).toBeLessThan(6000);
    await closed;
    for (const each of [silent, half]) each.destroy();
    idle.destroy();
  });

  it('ends at once when it is told twice', async () => {
    const hanging = await startCallbackSink({ answer: () => 'hang' });
    const server = await start();
    await api(server).post('/callbacks', { url: hanging.url, events: ['message.received'] });
    const conversation = await aConversation(server);
    await api(server).post('/messages', { conversation_id: conversation, sender: { type: 'visitor' }, type: 'text', content: 'x' });
    await hanging.waitFor(1, 5000);
    void server.stop();
    await expect.poll(() => server.output()).toContain('SIGTERM');
    expect(await server.stop()).toBe(1);
    await hanging.close();
  });
});
