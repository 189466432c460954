import { Pool } from 'undici';
import { serve } from '../harness/child.js';
import { monotonicMs, sleep } from '../harness/clock.js';
import { connectFrameSocket } from '../harness/frame-socket.js';

export interface PostPlan {
  url: string;
  path: string;
  headers: Record<string, string>;
  /** Taken in turn; `{n}` becomes a number that is used once. */
  bodies: string[];
  durationMs: number;
}

const EVENT = 'message.received';
const CONNECT_AT_ONCE = 50;
/** Enough that the server always has the next broadcast waiting, few enough that its buffers stay small. */
const EVENTS_IN_FLIGHT = 32;
const SILENCE_MS = 15_000;

let clients = 0;
let arrived = 0;
let posted = 0;
let lost = '';
let firstPayload: string | undefined;

function onEvent(payload: Buffer): void {
  arrived += 1;
  firstPayload ??= payload.toString();
}

async function connect(url: string, token: string, count: number): Promise<void> {
  const onLost = (reason: string): void => void (lost ||= reason);
  for (let begun = 0; begun < count; begun += CONNECT_AT_ONCE) {
    const group = Math.min(CONNECT_AT_ONCE, count - begun);
    await Promise.all(Array.from({ length: group }, () => connectFrameSocket({ url, token, event: EVENT, onEvent, onLost })));
    clients += group;
  }
}

/** Keeps the server saturated with events, then waits until each client has each of them. */
async function run(plan: PostPlan): Promise<{ perSecond: number }> {
  const pool = new Pool(plan.url, { connections: EVENTS_IN_FLIGHT, pipelining: 1 });
  const startedAt = monotonicMs();
  const arrivedBefore = arrived;
  let failure = '';
  const post = async (): Promise<void> => {
    const body = plan.bodies[posted % plan.bodies.length]!.replace('{n}', String(posted).padStart(10, '0'));
    posted += 1;
    const response = await pool.request({ path: plan.path, method: 'POST', headers: plan.headers, body });
    const text = await response.body.text();
    if (response.statusCode !== 201) throw new Error(`${response.statusCode} ${text}`);
  };
  const check = (): void => {
    if (failure || lost) throw new Error(failure || `A client was lost: ${lost}`);
  };

  while (monotonicMs() - startedAt < plan.durationMs) {
    check();
    if (posted - arrived / clients < EVENTS_IN_FLIGHT) void post().catch((error: Error) => (failure ||= error.message));
    else await sleep(1);
    await new Promise(setImmediate);
  }
  await drain(check);
  const endedAt = monotonicMs();
  await pool.close();
  return { perSecond: ((arrived - arrivedBefore) / (endedAt - startedAt)) * 1_000 };
}

async function drain(check: () => void): Promise<void> {
  let seen = arrived;
  let changedAt = monotonicMs();
  while (arrived < posted * clients) {
    check();
    await sleep(1);
    if (arrived !== seen) changedAt = monotonicMs();
    else if (monotonicMs() - changedAt > SILENCE_MS) {
      throw new Error(`${posted * clients - arrived} of ${posted * clients} events have not arrived.`);
    }
    seen = arrived;
  }
  check();
}

/** The first envelope that arrived, as text. */
function firstEnvelope(): string {
  if (firstPayload === undefined) throw new Error('No event has arrived.');
  const [envelope] = JSON.parse(`[${firstPayload.slice(1)}`) as unknown[];
  return JSON.stringify(envelope);
}

const handlers = serve({ connect, run, firstEnvelope });
export type SocketClients = typeof handlers;
