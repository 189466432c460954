import { Pool } from 'undici';
import { startCallbackSink } from '../../support/callback-sink.js';
import { connectSocket, type EventEnvelope } from '../../support/socket-client.js';
import { monotonicMs, sleep } from '../harness/clock.js';
import type { Context } from '../harness/context.js';
import { percentile } from '../harness/measure.js';
import { Scope } from '../harness/scope.js';
import { API_KEY, HEADERS, MESSAGES_PATH, openConversations, registerCallback, startService } from '../harness/service.js';

const PER_SECOND = 100;
const ARRIVAL_MS = 30_000;

export interface Percentiles {
  p50: number;
  p99: number;
}

/** Milliseconds from sending the POST. */
export interface Latency {
  answer: Percentiles;
  socket: Percentiles;
  callback: Percentiles;
}

/** A constant rate, whatever the answers; sender, receiver and client are this process and share its clock. */
export function measureLatency(context: Context): Promise<Latency> {
  return Scope.run(async (scope) => {
    const env = await context.backing.createEnvironment(scope);
    const sink = await startCallbackSink();
    scope.defer(() => sink.close());
    const service = await startService(env, scope);
    const { bodies } = await openConversations(service.url);
    await registerCallback(service.url, sink.url);
    const client = await connectSocket(service.url, API_KEY);
    scope.defer(() => client.close());
    const pool = new Pool(service.url, { connections: 32, pipelining: 1 });
    scope.defer(() => pool.close());

    let sent = 0;
    const post = async (): Promise<Post> => {
      const body = bodies[sent % bodies.length]!.replace('{n}', String(++sent));
      const sentAt = now();
      const response = await pool.request({ path: MESSAGES_PATH, method: 'POST', headers: HEADERS, body });
      const text = await response.body.text();
      if (response.statusCode !== 201) throw new Error(`POST ${MESSAGES_PATH} was answered with ${response.statusCode}: ${text}`);
      return { id: (JSON.parse(text) as { id: string }).id, sentAt, answeredAt: now() };
    };
    const run = async (seconds: number): Promise<Latency> => {
      sink.clear();
      client.events.length = 0;
      const posts: Promise<Post>[] = [];
      const startedAt = monotonicMs();
      for (let index = 0; index < seconds * PER_SECOND; index++) {
        await sleep(Math.max(0, startedAt + (index * 1_000) / PER_SECOND - monotonicMs()));
        posts.push(post());
      }
      const messages = await Promise.all(posts);
      const callbacks = await arrivals(messages, () => sink.received.map(({ body, at }) => ({ id: messageId(body), at })));
      const events = await arrivals(messages, () => client.events.map(({ envelope, at }) => ({ id: messageId(envelope), at })));
      const since = (at: (message: Post) => number): Percentiles => spread(messages.map((message) => at(message) - message.sentAt));
      return {
        answer: since((message) => message.answeredAt),
        socket: since((message) => events.get(message.id)!),
        callback: since((message) => callbacks.get(message.id)!),
      };
    };

    await run(3);
    const latency = await run(context.quick ? 5 : 20);
    context.log(`p99: answer ${latency.answer.p99.toFixed(1)}, socket ${latency.socket.p99.toFixed(1)}, callback ${latency.callback.p99.toFixed(1)} ms`);
    return latency;
  });
}

interface Post {
  id: string;
  sentAt: number;
  answeredAt: number;
}

interface Arrival {
  id: string | undefined;
  at: number;
}

/** When each message arrived first, as soon as all have. */
async function arrivals(messages: Post[], list: () => Arrival[]): Promise<Map<string, number>> {
  for (const deadline = monotonicMs() + ARRIVAL_MS; ; await sleep(20)) {
    const firstAt = new Map<string, number>();
    for (const { id, at } of list()) {
      if (id !== undefined && !firstAt.has(id)) firstAt.set(id, at);
    }
    const missing = messages.filter(({ id }) => !firstAt.has(id)).length;
    if (missing === 0) return firstAt;
    if (monotonicMs() > deadline) throw new Error(`${missing} of ${messages.length} events have not arrived.`);
  }
}

function messageId({ event, data }: EventEnvelope): string | undefined {
  return event === 'message.received' ? (data.message_id as string) : undefined;
}

function spread(values: number[]): Percentiles {
  return { p50: percentile(values, 50), p99: percentile(values, 99) };
}

function now(): number {
  return performance.timeOrigin + performance.now();
}
