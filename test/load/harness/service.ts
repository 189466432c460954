import { randomBytes } from 'node:crypto';
import { request } from 'undici';
import { type ServerProcess, startServer } from '../../support/server-process.js';
import type { Reaper } from '../processes/reaper.js';
import { type Child, startChild } from './child.js';
import type { Scope } from './scope.js';

export const API_KEY = `cdk_${randomBytes(16).toString('hex')}`;
export const MESSAGES_PATH = '/api/v1/messages';
export const HEADERS = { 'x-api-key': API_KEY, 'content-type': 'application/json' };

const CONVERSATIONS = 200;
const TEXT = 'Good morning, my parcel has been at the depot for three days. Could somebody please look into it? Thank you.';

const SETTINGS = {
  NODE_ENV: 'production',
  BOOTSTRAP_API_KEY: API_KEY,
  SECRET_KEY: randomBytes(32).toString('hex'),
  CALLBACK_ALLOW_CIDRS: '127.0.0.0/8',
  RATE_LIMIT: 'off',
  LOG_LEVEL: 'warn',
};

let reaper: Promise<Child<Reaper>> | undefined;

export interface Service extends ServerProcess {
  end(): Promise<void>;
}

/** The built service in its own process; ends with the scope, or before by `end()`. */
export async function startService(env: Record<string, string>, scope: Scope): Promise<Service> {
  reaper ??= startChild<Reaper>('reaper');
  const watcher = await reaper;
  const server = await startServer({ ...SETTINGS, ...env });
  await watcher.call.watch(server.pid);
  let ended: Promise<void> | undefined;
  const end = (): Promise<void> =>
    (ended ??= (async () => {
      const code = await server.stop();
      await watcher.call.forget(server.pid);
      const complaints = server.output().split('\n').filter((line) => /"level":[56]0/.test(line));
      if (complaints.length > 0) console.error(`The service logged ${complaints.length} errors, first: ${complaints[0]}`);
      if (code !== 0) throw new Error(`The service ended with ${code}:\n${server.output().slice(-2_000)}`);
    })());
  scope.defer(end);
  return { ...server, end };
}

export async function stopReaper(): Promise<void> {
  await (await reaper)?.stop();
}

export interface Desk {
  /** JSON, with `{n}` where a number goes that makes the message unique. */
  bodies: string[];
  /** A whole HTTP request that posts the next message. */
  nextRequest: () => string;
}

/** Conversations of different visitors, written to in turn. */
export async function openConversations(url: string): Promise<Desk> {
  const run = randomBytes(4).toString('hex');
  const bodies: string[] = [];
  for (let index = 0; index < CONVERSATIONS; index++) {
    const visitor = { external_id: `bench-${run}-${index}`, name: `Visitor ${index}` };
    const conversation = await create<{ id: string; visitor_id: string }>(url, '/api/v1/conversations', { visitor });
    const sender = { type: 'visitor', id: conversation.visitor_id };
    const message = { conversation_id: conversation.id, sender, type: 'text', content: TEXT, client_msg_no: `${run}-{n}` };
    bodies.push(JSON.stringify(message));
  }
  return { bodies, nextRequest: requestsFrom(bodies) };
}

/** What fails waits for longer than any benchmark runs. */
const SCHEDULE_SECONDS = [0, 3_600, 3_600];

/** Answers its id. */
export async function registerCallback(url: string, receiver: string, path = '/callbacks', over: Record<string, unknown> = {}): Promise<string> {
  const body = { url: receiver + path, events: ['message.received'], retry: { schedule_seconds: SCHEDULE_SECONDS }, description: 'Benchmark', ...over };
  return (await create<{ id: string }>(url, '/api/v1/callbacks', body)).id;
}

export async function create<T>(url: string, path: string, body: unknown): Promise<T> {
  return await send<T>('POST', url, path, body, 201);
}

export async function change<T>(url: string, path: string, body: unknown): Promise<T> {
  return await send<T>('PUT', url, path, body, 200);
}

async function send<T>(method: 'POST' | 'PUT', url: string, path: string, body: unknown, expected: number): Promise<T> {
  const response = await request(`${url}${path}`, { method, headers: HEADERS, body: JSON.stringify(body) });
  const text = await response.body.text();
  if (response.statusCode !== expected) throw new Error(`${method} ${path} was answered with ${response.statusCode}: ${text}`);
  return JSON.parse(text) as T;
}

const NUMBER_WIDTH = 10;

/** Builds all but the number once, so that the client spends next to nothing on a request. */
function requestsFrom(bodies: string[]): () => string {
  const parts = bodies.map((body) => {
    const [before = '', after = ''] = body.split('{n}');
    const head = [
      `POST ${MESSAGES_PATH} HTTP/1.1`,
      'host: 127.0.0.1',
      ...Object.entries(HEADERS).map(([name, value]) => `${name}: ${value}`),
      `content-length: ${before.length + NUMBER_WIDTH + after.length}`,
    ];
    return { before: `${head.join('\r\n')}\r\n\r\n${before}`, after };
  });
  let sent = 0;
  return () => {
    const { before, after } = parts[sent % parts.length]!;
    return before + String(++sent).padStart(NUMBER_WIDTH, '0') + after;
  };
}
