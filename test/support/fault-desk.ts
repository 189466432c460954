import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { startCluster } from './cluster.js';
import type { Cluster } from './cluster.js';
import { anEndpoint, anOrganization, created, deliveriesOf, deliveryOf } from './desk.js';
import type { Resource } from './desk.js';
import { OK, startMisbehavingReceiver } from './misbehaving-receiver.js';
import type { Misbehaviour, MisbehavingOptions, MisbehavingReceiver } from './misbehaving-receiver.js';
import type { Caller } from './start-test-app.js';
import { TestClock } from './test-clock.js';

const SECOND_ATTEMPT_SECONDS = 100;

/** Seconds from now to the next attempt: at least, at most. */
export type Window = [number, number];

/** The jitter, and what a test takes from the attempt to its look. */
export const BY_SCHEDULE: Window = [0.8 * SECOND_ATTEMPT_SECONDS - 10, 1.2 * SECOND_ATTEMPT_SECONDS];
/** More than any wait by the schedule. */
export const PAST_THE_SCHEDULE_MS = 2 * SECOND_ATTEMPT_SECONDS * 1000;

export interface Expected {
  status: 'failed' | 'succeeded' | 'discarded';
  code?: number;
  errorClass?: string;
  next?: Window;
  body?: string | RegExp;
  headers?: Record<string, unknown>;
}

export interface FaultDesk {
  readonly clock: TestClock;
  /** Of an organization that no other test has. */
  api(): Caller;
  settle(): Promise<void>;
  /** Closed after the test. */
  receiver(options: MisbehavingOptions): Promise<MisbehavingReceiver>;
  endpointAt(url: string): Promise<Resource>;
  causeEvent(name: string): Promise<void>;
  /** Two events, `bad` and `next`; what became of each. */
  deliverTwo(endpoint: Resource): Promise<[Resource, Resource]>;
  both(endpoint: Resource): Promise<[Resource, Resource]>;
  assertBecame(delivery: Resource, expected: Expected): void;
}

/**
 * For one file of tests: an application, and an organization for each test. 127.0.0.2 stands for the public network,
 * 127.0.0.3 for what is internal.
 */
export function faultDesk(): FaultDesk {
  const clock = new TestClock();
  let cluster: Cluster;
  let api: Caller;
  const receivers: MisbehavingReceiver[] = [];

  beforeAll(async () => {
    cluster = await startCluster({ clock, env: { CALLBACK_ALLOW_CIDRS: '127.0.0.1/32,127.0.0.2/32' } });
  });
  beforeEach(async () => {
    ({ api } = await anOrganization(cluster.a));
  });
  afterEach(async () => {
    for (const receiver of receivers.splice(0)) await receiver.close();
  });
  afterAll(() => cluster.close());

  const both = async (endpoint: Resource): Promise<[Resource, Resource]> => {
    const [first, second, ...more] = await deliveriesOf(api, endpoint);
    expect(more).toEqual([]);
    return [await deliveryOf(api, endpoint, first!.id), await deliveryOf(api, endpoint, second!.id)];
  };
  const causeEvent = async (name: string): Promise<void> => {
    await created(api.post('/visitors', { name }));
  };
  return {
    clock,
    api: () => api,
    settle: () => cluster.settle(),
    async receiver(options) {
      const started = await startMisbehavingReceiver(options);
      receivers.push(started);
      return started;
    },
    endpointAt: (url) => anEndpoint(api, url, { events: ['visitor.created'], timeout_ms: 1000, retry: { schedule_seconds: [0, SECOND_ATTEMPT_SECONDS] } }),
    causeEvent,
    async deliverTwo(endpoint) {
      for (const name of ['bad', 'next']) await causeEvent(name);
      await cluster.settle();
      return both(endpoint);
    },
    both,
    assertBecame: (delivery, expected) => assertBecame(delivery, expected, clock),
  };
}

/** Answers well to everything but the event that is there to be treated badly. */
export function onlyTheFirst(misbehave: Misbehaviour): Misbehaviour {
  return (socket, request) => (request.body.data.visitor.name === 'bad' ? misbehave(socket, request) : OK);
}

/** An orderly answer, after which the connection ends. */
export function answer(line: string, headers: string[] = [], body = ''): Misbehaviour {
  return () => ['HTTP/1.1 ' + line, ...headers, `content-length: ${Buffer.byteLength(body)}`, 'connection: close', '', body].join('\r\n');
}

export const failsWith = (code: number, more: Partial<Expected> = {}): Expected => ({ status: 'failed', code, ...more });
export const failsAs = (errorClass: string, more: Partial<Expected> = {}): Expected => ({ status: 'failed', errorClass, ...more });
export const succeedsWith = (code: number, more: Partial<Expected> = {}): Expected => ({ status: 'succeeded', code, ...more });

function assertBecame(delivery: Resource, { status, code, errorClass, next = BY_SCHEDULE, body, headers }: Expected, clock: TestClock): void {
  expect(delivery).toMatchObject({ status, last_status_code: code ?? null });
  const attempt = delivery['attempts'].at(-1);
  expect(attempt).toMatchObject({ status: code ?? null, error_class: errorClass ?? null });
  expect(delivery['attempt_count']).toBe(delivery['attempts'].length);
  if (errorClass !== undefined) expect(attempt).toMatchObject({ error_message: expect.stringMatching(/./), response_headers: null, response_body: null });
  if (code !== undefined) expect(attempt.response_headers).toMatchObject(headers ?? {});
  if (body !== undefined) expect(attempt.response_body).toEqual(typeof body === 'string' ? body : expect.stringMatching(body));
  if (attempt.response_body !== null) expect(attempt.response_body.length).toBeLessThanOrEqual(4096);
  if (status !== 'failed') {
    expect(delivery['next_attempt_at']).toBeNull();
    return;
  }
  const waits = (Date.parse(delivery['next_attempt_at']) - clock.now()) / 1000;
  expect(waits).toBeGreaterThanOrEqual(next[0]);
  expect(waits).toBeLessThanOrEqual(next[1]);
}
