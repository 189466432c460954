import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { startCallbackSink } from './callback-sink.js';
import type { CallbackSink, ReceivedCallback, SinkBehaviour } from './callback-sink.js';
import { startCluster } from './cluster.js';
import type { Cluster } from './cluster.js';
import { anOrganization, created } from './desk.js';
import type { Resource } from './desk.js';
import type { Caller } from './start-test-app.js';
import { TestClock } from './test-clock.js';

export interface CallbackDeskOptions {
  env?: Record<string, string | undefined>;
  /** What the sink answers unless a test says otherwise. */
  answer?: SinkBehaviour;
}

export interface CallbackDesk {
  readonly clock: TestClock;
  readonly cluster: Cluster;
  readonly sink: CallbackSink;
  /** Of an organization that no other test has. */
  readonly api: Caller;
  readonly organization: Resource;
  /** A test may set it; the next one begins with the usual answer. */
  answer: (request: ReceivedCallback) => SinkBehaviour;
  /** The same caller at the instances in turn. */
  on(index: number): Caller;
  /** Events of as many new visitors, caused at the same time and at all instances; what they lead to is not waited for. */
  visitors(count: number): Promise<Resource[]>;
}

/** For one file of tests: what delivers, on a clock that tests move on, and one receiver. */
export function callbackDesk({ env, answer = { status: 200 } }: CallbackDeskOptions = {}): CallbackDesk {
  const clock = new TestClock();
  const usual = (): SinkBehaviour => answer;
  const desk = {
    clock,
    answer: usual as CallbackDesk['answer'],
    on: (index: number) => desk.cluster.each(index).as(desk.api.headers),
    visitors: (count: number) => Promise.all(Array.from({ length: count }, (_, index) => created(desk.on(index).post('/visitors', {})))),
  } as CallbackDesk & { cluster: Cluster; sink: CallbackSink; api: Caller; organization: Resource };

  beforeAll(async () => {
    desk.cluster = await startCluster({ clock, env });
    desk.sink = await startCallbackSink({ answer: (request) => desk.answer(request) });
  });

  beforeEach(async () => {
    desk.answer = usual;
    Object.assign(desk, await anOrganization(desk.cluster.a));
  });

  afterEach(() => desk.sink.clear());

  afterAll(async () => {
    await desk.sink.close();
    await desk.cluster.close();
  });
  return desk;
}
