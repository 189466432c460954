import { Pool } from 'undici';
import type { EventEnvelope } from '../../support/socket-client.js';
import { monotonicMs, sleep } from './clock.js';
import { percentile } from './measure.js';
import type { Scope } from './scope.js';
import { HEADERS, MESSAGES_PATH, openConversations } from './service.js';

export const PER_SECOND = 100;
const ARRIVAL_MS = 30_000;

export interface Percentiles {
  p50: number;
  p99: number;
}

export interface Post {
  id: string;
  sentAt: number;
  answeredAt: number;
}

export interface Arrival {
  id: string | undefined;
  at: number;
}

/** Posts messages at a constant rate, whatever the answers, for so many seconds. */
export async function steadyPosts(url: string, scope: Scope): Promise<(seconds: number) => Promise<Post[]>> {
  const { bodies } = await openConversations(url);
  const pool = new Pool(url, { connections: 32, pipelining: 1 });
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
  return async (seconds) => {
    const posts: Promise<Post>[] = [];
    const startedAt = monotonicMs();
    for (let index = 0; index < seconds * PER_SECOND; index++) {
      await sleep(Math.max(0, startedAt + (index * 1_000) / PER_SECOND - monotonicMs()));
      posts.push(post());
    }
    return await Promise.all(posts);
  };
}

/** When each message arrived first, as soon as all have. */
export async function arrivals(messages: Post[], list: () => Arrival[]): Promise<Map<string, number>> {
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

export function messageId({ event, data }: EventEnvelope): string | undefined {
  return event === 'message.received' ? (data.message_id as string) : undefined;
}

export function spread(messages: Post[], at: (message: Post) => number): Percentiles {
  const values = messages.map((message) => at(message) - message.sentAt);
  return { p50: percentile(values, 50), p99: percentile(values, 99) };
}

function now(): number {
  return performance.timeOrigin + performance.now();
}
