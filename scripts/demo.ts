/**
 * One message, end to end, with real parts: an agent on Socket.IO and a receiver of signed callbacks that fails first.
 *
 *   npm run demo                                                    starts an instance of its own and removes it
 *   CROSSDESK_URL=… CROSSDESK_API_KEY=… npm run demo                tells it on a running instance
 *
 * CROSSDESK_ORGANIZATION names the organization of the key, `default` when absent. Ends with 0 only if all came true.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { Webhook } from 'standardwebhooks';
import { startCallbackSink, type ReceivedCallback } from '../test/support/callback-sink.js';
import { startServer } from '../test/support/server-process.js';
import { freePort } from '../test/support/services.js';
import { connectSocket } from '../test/support/socket-client.js';

const TEXT = 'Hello, where is my parcel?';
const SCHEDULE_SECONDS = [0, 1, 2];
const ARRIVAL_TIMEOUT_MS = 20_000;
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LOOPBACK_HINT =
  'The instance refuses to call this program on 127.0.0.1: start it with CALLBACK_ALLOW_CIDRS=127.0.0.0/8.';

const coloured = process.stdout.isTTY === true && !process.env.NO_COLOR;
const paint = (code: number) => (text: string) => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text);
const bold = paint(1);
const dim = paint(2);
const red = paint(31);
const green = paint(32);
const yellow = paint(33);
const cyan = paint(36);

interface Instance {
  url: string;
  apiKey: string;
  about: string;
  stop(): Promise<void>;
}

interface Moment {
  at: number;
  where: string;
  what: string;
}

/** An answer that is no success; carries the problem document. */
class Refused extends Error {
  constructor(
    request: string,
    readonly status: number,
    readonly problem: any,
  ) {
    super(`${request} answered ${status}`);
  }
}

let step = 'starting';
/** Undone in reverse order, also after a failure. */
const cleanups: (() => Promise<unknown> | void)[] = [];
process.on('SIGINT', () => void cleanUp().then(() => process.exit(130)));

try {
  await tell();
} catch (error) {
  process.exitCode = 1;
  explain(error);
} finally {
  await cleanUp();
}

async function cleanUp(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await Promise.resolve(cleanup()).catch(() => undefined);
}

async function tell(): Promise<void> {
  console.log(`\n${bold('crossdesk: one message, end to end')}\n`);
  const instance = await begin('finding an instance', findInstance);
  cleanups.push(() => instance.stop());
  const api = callerOf(instance);
  done(`Instance ${cyan(instance.url)}`, instance.about);

  const moments: Moment[] = [];
  const receiver = await startReceiver(moments);
  const agent = await begin('making an agent', () => makeAgent(api));
  done(`Agent ${agent.nickname} is online`, agent.id);
  const socket = await begin('connecting the agent by Socket.IO', () => connectAgent(instance, agent));
  done('She is connected by Socket.IO', `JWT from /auth/login, ready at position ${socket.ready.position}`);
  const endpoint = await begin('registering the callback', () => registerCallback(api, receiver.url));
  done('A callback is registered', `${endpoint.url}, attempts after ${SCHEDULE_SECONDS.join(', ')} s`);
  const conversation = await begin('opening a conversation', () => openConversation(api, agent.id));
  done('Visitor Grace has opened a conversation', `${conversation.id}, ${conversation.status}`);
  receiver.expect(conversation.id, endpoint.secret);

  step = 'posting the message';
  const postedAt = now();
  moments.push({ at: postedAt, where: 'application', what: `POST /api/v1/messages ${dim(`"${TEXT}"`)}` });
  const message = await api('POST', '/messages', {
    conversation_id: conversation.id,
    sender: { type: 'visitor', id: conversation.visitor_id },
    type: 'text',
    content: TEXT,
    client_msg_no: `demo-${randomBytes(6).toString('hex')}`,
  });
  moments.push({ at: now(), where: 'application', what: `${green('201')} the message is stored, seq ${message.seq} ${dim(message.id)}` });

  await begin('seeing the message on the agent’s socket', async () => {
    const seen = await socket.waitFor((event) => event.envelope?.data?.message_id === message.id, ARRIVAL_TIMEOUT_MS);
    moments.push({ at: seen.at, where: 'agent', what: `Socket.IO ${bold(seen.event)} ${dim(`"${seen.envelope.data.content}"`)}` });
  });
  const delivery = await begin('receiving the callback', async () => {
    await receiver.accepted(message.id, ARRIVAL_TIMEOUT_MS).catch((error) => blameAddress(api, endpoint.id, error));
    return succeededDelivery(api, endpoint.id, message.id);
  });
  printTimeline(moments, postedAt);

  const genuine = receiver.callbacksOf(message.id).at(-1)!;
  await begin('checking a tampered body', () => refuseTampered(genuine, endpoint.secret));
  done('A tampered body fails the same verification', `"${TEXT}" changed to "${tamper(TEXT)}"`);
  step = 'reading the attempts';
  done(`The service kept a record of the ${delivery.attempts.length} attempts`, `GET /callbacks/{id}/deliveries/${delivery.id}`);
  printAttempts(delivery.attempts);
  const story = `stored, seen by the agent, and delivered with a valid signature on attempt ${delivery.attempts.length}`;
  console.log(`\n${green(bold('All of it happened:'))} one message was ${story}.\n`);
}

async function begin<T>(name: string, action: () => Promise<T> | T): Promise<T> {
  step = name;
  return action();
}

function done(what: string, detail: string): void {
  console.log(`  ${green('✓')} ${pad(what, 47)} ${dim(detail)}`);
}

async function findInstance(): Promise<Instance> {
  const { CROSSDESK_URL: url, CROSSDESK_API_KEY: apiKey } = process.env;
  if (url && apiKey) return { url: url.replace(/\/+$/, ''), apiKey, about: 'running', stop: async () => undefined };
  if (url || apiKey) throw new Error('Set both CROSSDESK_URL and CROSSDESK_API_KEY, or none of them.');
  return startOwnInstance();
}

async function startOwnInstance(): Promise<Instance> {
  if (!existsSync(join(ROOT, 'dist', 'main.js'))) {
    step = 'building';
    console.log(dim('  building first: npm run build'));
    const build = spawnSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit' });
    if (build.status !== 0) throw new Error('The build failed.');
  }
  const folder = await mkdtemp(join(tmpdir(), 'crossdesk-demo-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  const apiKey = `cdk_${randomBytes(20).toString('hex')}`;
  const server = await startServer({
    PORT: String(await freePort()),
    DATABASE_URL: `sqlite:${join(folder, 'crossdesk.sqlite')}`,
    BOOTSTRAP_API_KEY: apiKey,
    BOOTSTRAP_ADMIN_PASSWORD: randomBytes(12).toString('hex'),
    CALLBACK_ALLOW_CIDRS: '127.0.0.0/8',
    LOG_LEVEL: 'warn',
  });
  const about = `its own, up in ${Math.round(server.startupMs)} ms, temporary SQLite file`;
  return { url: server.url, apiKey, about, stop: async () => void (await server.stop()) };
}

type Caller = (method: string, path: string, body?: unknown) => Promise<any>;

function callerOf(instance: Instance): Caller {
  return async (method, path, body) => {
    const headers = { 'x-api-key': instance.apiKey };
    const json = { headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const response = await fetch(`${instance.url}/api/v1${path}`, { method, ...(body === undefined ? { headers } : json) });
    const text = await response.text();
    const parsed = text === '' ? undefined : parseJson(text);
    if (!response.ok) throw new Refused(`${method} ${path}`, response.status, parsed);
    return parsed;
  };
}

async function makeAgent(api: Caller): Promise<{ id: string; username: string; password: string; nickname: string }> {
  const credentials = { username: `ada-${randomBytes(4).toString('hex')}`, password: randomBytes(12).toString('hex') };
  const agent = await api('POST', '/agents', { ...credentials, nickname: 'Ada', role: 'agent' });
  cleanups.push(() => api('DELETE', `/agents/${agent.id}`));
  await api('PUT', `/agents/${agent.id}/status`, { status: 'online' });
  return { ...credentials, id: agent.id, nickname: agent.nickname };
}

async function connectAgent(instance: Instance, agent: { username: string; password: string }) {
  const response = await fetch(`${instance.url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      username: agent.username,
      password: agent.password,
      organization: process.env.CROSSDESK_ORGANIZATION ?? 'default',
    }),
  });
  const login: any = await response.json();
  if (!response.ok) throw new Refused('POST /auth/login', response.status, login);
  const socket = await connectSocket(instance.url, login.access_token);
  cleanups.push(() => socket.close());
  return socket;
}

async function registerCallback(api: Caller, receiverUrl: string): Promise<any> {
  const endpoint = await api('POST', '/callbacks', {
    url: `${receiverUrl}/hooks/crossdesk`,
    events: ['message.received'],
    retry: { schedule_seconds: SCHEDULE_SECONDS },
    description: 'npm run demo',
  });
  cleanups.push(() => api('DELETE', `/callbacks/${endpoint.id}`));
  return endpoint;
}

async function openConversation(api: Caller, agentId: string): Promise<any> {
  const visitor = { external_id: `grace-${randomBytes(4).toString('hex')}`, name: 'Grace' };
  const conversation = await api('POST', '/conversations', { visitor, agent_id: agentId, subject: 'npm run demo' });
  cleanups.push(() => api('DELETE', `/conversations/${conversation.id}`));
  return conversation;
}

/** A receiver that answers 500 to the first callback about the demo's conversation, and notes what comes when. */
async function startReceiver(moments: Moment[]) {
  let conversationId: string | undefined;
  let secret = '';
  let attempts = 0;
  const isOurs = (request: ReceivedCallback): boolean => request.body?.data?.conversation_id === conversationId;
  const sink = await startCallbackSink({
    answer: (request) => {
      if (!isOurs(request)) return { status: 200 }; // a running instance has other visitors
      attempts += 1;
      const genuine = isGenuine(request, secret);
      const status = attempts === 1 ? 500 : genuine ? 200 : 401;
      const signature = genuine ? green('signature valid') : red('signature INVALID');
      const answer = status === 200 ? green(`answers ${status}`) : yellow(`answers ${status}`);
      moments.push({ at: request.at, where: 'receiver', what: `attempt ${attempts}: ${signature}, ${answer} ${dim(String(request.headers['webhook-id']))}` });
      return { status, body: status === 500 ? 'The receiver has a bad moment.' : '' };
    },
  });
  cleanups.push(() => sink.close());
  const callbacksOf = (messageId: string): ReceivedCallback[] =>
    sink.received.filter((request) => request.body?.data?.message_id === messageId);
  return {
    url: sink.url,
    callbacksOf,
    expect: (id: string, endpointSecret: string) => {
      conversationId = id;
      secret = endpointSecret;
    },
    /** The callback that was answered 200: a genuine one after the first, about the same event. */
    accepted: async (messageId: string, timeoutMs: number): Promise<void> => {
      await sink.waitFor(() => callbacksOf(messageId).length >= 2, timeoutMs);
      const [first, second] = callbacksOf(messageId) as [ReceivedCallback, ReceivedCallback];
      if (!isGenuine(first, secret) || !isGenuine(second, secret)) throw new Error('A signature is not valid.');
      if (first.headers['webhook-id'] !== second.headers['webhook-id']) throw new Error('webhook-id changed on retry.');
    },
  };
}

function isGenuine(request: ReceivedCallback, secret: string, body = request.rawBody): boolean {
  try {
    new Webhook(secret).verify(body, request.headers as Record<string, string>);
    return true;
  } catch {
    return false;
  }
}

function tamper(text: string): string {
  return text.replace('my parcel', 'his parcel');
}

function refuseTampered(request: ReceivedCallback, secret: string): void {
  const forged = tamper(request.rawBody);
  if (forged === request.rawBody) throw new Error('The callback does not carry the text of the message.');
  if (isGenuine(request, secret, forged)) throw new Error('The signature also fits a tampered body.');
}

/** The record of the delivery once the service has noted the success. */
async function succeededDelivery(api: Caller, endpointId: string, messageId: string): Promise<any> {
  const deadline = now() + 5_000;
  for (;;) {
    const { data } = await api('GET', `/callbacks/${endpointId}/deliveries?event=message.received&status=succeeded`);
    for (const { id } of data) {
      const delivery = await api('GET', `/callbacks/${endpointId}/deliveries/${id}`);
      const event = await api('GET', `/events/${delivery.event_id}`);
      if (event.data.message_id === messageId) return delivery;
    }
    if (now() > deadline) throw new Error('The service has no succeeded delivery of this message.');
    await sleep(50);
  }
}

/** Nothing arrived: says so if the instance does not dare to call a loopback address. */
async function blameAddress(api: Caller, endpointId: string, error: unknown): Promise<never> {
  const { data } = await api('GET', `/callbacks/${endpointId}/deliveries`);
  for (const { id } of data) {
    const delivery = await api('GET', `/callbacks/${endpointId}/deliveries/${id}`);
    if (delivery.attempts.some((attempt: any) => attempt.error_class === 'address_forbidden')) throw new Error(LOOPBACK_HINT);
    console.log(dim(`  delivery ${id}: ${delivery.status}, attempts ${JSON.stringify(delivery.attempts)}`));
  }
  throw error;
}

function printTimeline(moments: Moment[], postedAt: number): void {
  console.log(`\n  ${bold('What arrived where, in ms since the POST')}\n`);
  for (const { at, where, what } of moments.sort((a, b) => a.at - b.at)) {
    console.log(`  ${(at - postedAt).toFixed(0).padStart(7)}  ${pad(cyan(where), 12)} ${what}`);
  }
  console.log('');
}

function printAttempts(attempts: any[]): void {
  for (const { attempt, time, status, duration_ms, error_class, response_body } of attempts) {
    const success = status >= 200 && status < 300;
    const shown = (success ? green : yellow)(String(status ?? '-'));
    const head = `${attempt}  ${time}  ${shown}  ${String(duration_ms).padStart(3)} ms`;
    console.log(`      ${head}  ${dim([error_class, response_body].filter(Boolean).join('  '))}`);
  }
}

function explain(error: unknown): void {
  console.error(`\n  ${red('✗')} ${bold(`Failed at: ${step}`)}`);
  if (error instanceof Refused) {
    console.error(`    ${error.message}`);
    console.error(JSON.stringify(error.problem, null, 2).replace(/^/gm, '    '));
    if (error.problem?.code === 'callback.address_forbidden') console.error(`\n    ${yellow(LOOPBACK_HINT)}`);
  } else {
    console.error(`    ${(error as Error).message}`);
  }
  console.error(`\n${red(bold('Not everything happened.'))}\n`);
}

/** Colours have no width. */
function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - stripVTControlCharacters(text).length));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text.slice(0, 400);
  }
}

function now(): number {
  return performance.timeOrigin + performance.now();
}
