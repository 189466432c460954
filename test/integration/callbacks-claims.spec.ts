import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AttemptLog } from '../../src/modules/callbacks/dispatch/attempt-log.js';
import type { Attempt, AttemptResult } from '../../src/modules/callbacks/dispatch/attempt.js';
import { DeliveryClaims } from '../../src/modules/callbacks/dispatch/delivery-claims.js';
import type { ClaimedDelivery } from '../../src/modules/callbacks/dispatch/delivery-claims.js';
import { startCallbackSink } from '../support/callback-sink.js';
import type { CallbackSink, ReceivedCallback, SinkBehaviour } from '../support/callback-sink.js';
import { HAS_SERVERS, startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { anEndpoint, anOrganization, created, deliveriesOf, deliveryOf } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { connectSocket } from '../support/socket-client.js';
import { API_KEY, anEmptyDatabase, startTestApp } from '../support/start-test-app.js';
import type { Caller, TestApp } from '../support/start-test-app.js';
import { TestClock } from '../support/test-clock.js';

const LEASE_MS = 30_000;

describe('claims', () => {
  const clock = new TestClock();
  let cluster: Cluster;
  let sink: CallbackSink;
  let answer: (request: ReceivedCallback) => SinkBehaviour;
  let api: Caller;

  beforeAll(async () => {
    cluster = await startCluster({ clock });
    sink = await startCallbackSink({ answer: (request) => answer(request) });
  });

  beforeEach(async () => {
    answer = () => ({ status: 200 });
    ({ api } = await anOrganization(cluster.a));
  });

  afterEach(() => sink.clear());

  afterAll(async () => {
    await sink.close();
    await cluster.close();
  });

  /** Deliveries that are due, at an endpoint that no pump looks at until it is enabled. */
  async function dueDeliveries(count: number): Promise<Resource> {
    const endpoint = await anEndpoint(api, sink.url, { events: ['visitor.created'], retry: { schedule_seconds: [3600, 3600] } });
    for (let index = 0; index < count; index++) await created(api.post('/visitors', {}));
    await api.put(`/callbacks/${endpoint.id}`, { enabled: false });
    clock.advance(3_600_000);
    return endpoint;
  }

  const claim = (app: TestApp, endpoint: Resource, limit = 100): Promise<ClaimedDelivery[]> => app.app.get(DeliveryClaims).claim(endpoint.id, limit, LEASE_MS);
  const enable = (endpoint: Resource) => api.put(`/callbacks/${endpoint.id}`, { enabled: true });
  const attempt = (delivery: ClaimedDelivery, result: AttemptResult, statusCode: number): Attempt => ({
    delivery, result, statusCode, startedAt: clock.now(), durationMs: 1, errorClass: null, errorMessage: null, responseHeaders: {}, responseBody: Buffer.from('late'),
  });

  it('that lapse are taken by another, which delivers', async () => {
    const endpoint = await dueDeliveries(3);
    expect(await claim(cluster.b, endpoint)).toHaveLength(3);
    await enable(endpoint);
    await cluster.settle();
    expect(sink.received).toEqual([]);
    expect((await deliveriesOf(api, endpoint)).map(({ status }) => status)).toEqual(['delivering', 'delivering', 'delivering']);

    clock.advance(LEASE_MS + 1);
    await cluster.settle();
    expect(sink.received).toHaveLength(3);
    expect((await deliveriesOf(api, endpoint)).map(({ status, attempt_count }) => [status, attempt_count])).toEqual(Array.from({ length: 3 }, () => ['succeeded', 1]));
  });

  it.each<[string, AttemptResult, number]>([
    ['a success', { kind: 'succeeded' }, 200],
    ['a failure', { kind: 'failed', nextAttemptAt: 0 }, 500],
    ['an end', { kind: 'exhausted' }, 500],
    ['a refusal', { kind: 'discarded', gone: false }, 410],
  ])('that lapsed do not let %s be recorded over what the next one does', async (_, result, statusCode) => {
    const endpoint = await dueDeliveries(1);
    const [stale] = await claim(cluster.b, endpoint);
    clock.advance(LEASE_MS + 1);
    const [current] = await claim(cluster.a, endpoint);
    expect(current!.id).toBe(stale!.id);
    expect(current!.claimToken).not.toBe(stale!.claimToken);

    await cluster.b.app.get(AttemptLog).record(attempt(stale!, result, statusCode));
    expect(await deliveryOf(api, endpoint, stale!.id)).toMatchObject({ status: 'delivering', attempt_count: 1, last_status_code: null });
    await cluster.a.app.get(AttemptLog).record(attempt(current!, { kind: 'failed', nextAttemptAt: clock.now() + 60_000 }, 503));
    expect(await deliveryOf(api, endpoint, stale!.id)).toMatchObject({ status: 'failed', attempt_count: 2, last_status_code: 503 });
    await cluster.b.app.get(AttemptLog).record(attempt(stale!, result, statusCode));
    const delivery = await deliveryOf(api, endpoint, stale!.id);
    expect(delivery).toMatchObject({ status: 'failed', attempt_count: 3, last_status_code: 503 });
    expect(delivery['attempts'].map((each: Resource) => [each['attempt'], each['status']])).toEqual([[1, statusCode], [2, 503], [3, statusCode]]);
  });

  it('that lapsed leave every attempt a number of its own, whoever records first', async () => {
    const endpoint = await dueDeliveries(8);
    const takes: ClaimedDelivery[][] = [];
    for (let turn = 0; turn < 4; turn++) {
      takes.push(await claim(cluster.each(turn), endpoint));
      clock.advance(LEASE_MS + 1);
    }
    await Promise.all(
      takes.flatMap((take, turn) =>
        take.map((delivery) => cluster.each(turn).app.get(AttemptLog).record(attempt(delivery, { kind: 'failed', nextAttemptAt: clock.now() + 60_000 }, 500 + turn))),
      ),
    );
    for (const { id } of takes[0]!) {
      const delivery = await deliveryOf(api, endpoint, id);
      expect(delivery).toMatchObject({ status: 'failed', attempt_count: 4, last_status_code: 503 });
      expect(delivery['attempts'].map((each: Resource) => each['attempt'])).toEqual([1, 2, 3, 4]);
      expect(delivery['attempts'].map((each: Resource) => each['status']).toSorted()).toEqual([500, 501, 502, 503]);
    }
  });

  it('that are given back are due at once, as they were', async () => {
    const endpoint = await dueDeliveries(2);
    const claimed = await claim(cluster.b, endpoint);
    await cluster.b.app.get(DeliveryClaims).release(claimed);
    expect((await deliveriesOf(api, endpoint)).map(({ status }) => status)).toEqual(['pending', 'pending']);
    await enable(endpoint);
    await cluster.settle();
    expect(sink.received).toHaveLength(2);
    await cluster.b.app.get(DeliveryClaims).release(claimed);
    expect((await deliveriesOf(api, endpoint)).map(({ status }) => status)).toEqual(['succeeded', 'succeeded']);
  });

  it('made at the same time never share a delivery, and take the longest due first', async () => {
    const endpoint = await dueDeliveries(30);
    const takes = await Promise.all(Array.from({ length: 10 }, (_, index) => claim(cluster.each(index), endpoint, 4)));
    const taken = takes.flat();
    expect(new Set(taken.map(({ id }) => id)).size).toBe(taken.length);
    expect(new Set(takes.filter(({ length }) => length > 0).map(([first]) => first!.claimToken)).size).toBe(takes.filter(({ length }) => length > 0).length);
    const rest = await claim(cluster.a, endpoint);
    expect(taken.length + rest.length).toBe(30);
    expect(await claim(cluster.b, endpoint)).toEqual([]);
    const order = (await deliveriesOf(api, endpoint)).map(({ id }) => id);
    for (const take of [...takes, rest]) {
      const places = take.map(({ id }) => order.indexOf(id));
      expect(places).toEqual(places.toSorted((a, b) => a - b));
    }
    const failures = [...taken, ...rest].map((delivery) => attempt(delivery, { kind: 'succeeded' }, 204));
    await Promise.all(failures.map((one, index) => cluster.each(index).app.get(AttemptLog).record(one)));
    expect((await deliveriesOf(api, endpoint)).every(({ status, attempt_count }) => status === 'succeeded' && attempt_count === 1)).toBe(true);
  });

  it('that lapsed do not stand in the way of sending by hand', async () => {
    const endpoint = await dueDeliveries(1);
    const [claimed] = await claim(cluster.b, endpoint);
    await enable(endpoint);
    const path = `/callbacks/${endpoint.id}/deliveries/${claimed!.id}/retry`;
    expect((await api.post(path)).body.code).toBe('delivery.in_progress');
    clock.advance(LEASE_MS + 1);
    expect((await api.post(path)).status).toBe(202);
    await cluster.settle();
    expect(await deliveryOf(api, endpoint, claimed!.id)).toMatchObject({ status: 'succeeded', attempt_count: 1 });
  });

  it('of a deleted endpoint leave nothing to do', async () => {
    const endpoint = await dueDeliveries(2);
    const [claimed] = await claim(cluster.b, endpoint, 1);
    await api.delete(`/callbacks/${endpoint.id}`);
    await cluster.b.app.get(AttemptLog).record(attempt(claimed!, { kind: 'failed', nextAttemptAt: clock.now() }, 500));
    await cluster.b.app.get(DeliveryClaims).release([claimed!]);
    clock.advance(LEASE_MS + 1);
    await cluster.settle();
    expect(sink.received).toEqual([]);
    expect(await claim(cluster.a, endpoint)).toEqual([]);
  });

  it('deliver a backlog once each, with a bound on what one receiver gets at a time', async () => {
    let running = 0;
    let most = 0;
    answer = () => {
      running += 1;
      most = Math.max(most, running);
      setTimeout(() => (running -= 1), 10);
      return { status: 200, delayMs: 10 };
    };
    const endpoint = await dueDeliveries(0);
    await enable(endpoint);
    const caller = (index: number): Caller => cluster.each(index).as(api.headers);
    await Promise.all(Array.from({ length: 90 }, (_, index) => created(caller(index).post('/visitors', {}))));
    clock.advance(3_600_000);
    await cluster.settle();
    expect(sink.received).toHaveLength(90);
    expect(new Set(sink.received.map(({ headers }) => headers['webhook-id'])).size).toBe(90);
    expect(most).toBeLessThanOrEqual(32);
    expect((await deliveriesOf(api, endpoint)).every(({ status, attempt_count }) => status === 'succeeded' && attempt_count === 1)).toBe(true);
  });

  it('of an endpoint that hangs hold up no other endpoint', async () => {
    answer = ({ path }) => (path === '/hangs' ? 'hang' : { status: 200 });
    const over = { events: ['visitor.created'], timeout_ms: 15_000, retry: { schedule_seconds: [0] } };
    const hanging = await anEndpoint(api, `${sink.url}/hangs`, over);
    await anEndpoint(api, `${sink.url}/well`, over);
    for (let index = 0; index < 40; index++) await created(api.post('/visitors', {}));
    await sink.waitFor(() => sink.received.filter(({ path }) => path === '/well').length === 40, 12_000);
    expect((await deliveriesOf(api, hanging)).every(({ status }) => status === 'delivering' || status === 'pending')).toBe(true);
    await api.delete(`/callbacks/${hanging.id}`);
  });

  it('of one request that hangs hold up no other request of its endpoint', async () => {
    let first = true;
    answer = () => {
      if (!first) return { status: 200 };
      first = false;
      return 'hang';
    };
    await anEndpoint(api, sink.url, { events: ['visitor.created'], timeout_ms: 15_000, retry: { schedule_seconds: [0] } });
    await created(api.post('/visitors', {}));
    await sink.waitFor(1, 5000);
    const visitor = await created(api.post('/visitors', {}));
    await sink.waitFor(({ body }) => body.data.visitor_id === visitor.id, 12_000);
  });
});

describe('a process that stops', () => {
  let sink: CallbackSink;

  afterEach(() => sink.close());

  it('finishes and records what it is sending, and leaves the rest to the next one', async () => {
    sink = await startCallbackSink({ answer: () => ({ status: 200, delayMs: 150 }) });
    const database = await anEmptyDatabase();
    const first = await startTestApp({ database });
    const endpoint = await anEndpoint(first.api, sink.url, { events: ['visitor.created'] });
    await Promise.all(Array.from({ length: 60 }, () => created(first.api.post('/visitors', {}))));
    await sink.waitFor(5, 10_000);
    await first.close();
    const sentByFirst = sink.received.length;

    const second = await startTestApp({ database });
    await second.settle();
    const deliveries = await deliveriesOf(second.api, endpoint);
    expect(deliveries.map(({ status, attempt_count }) => `${status} ${attempt_count}`)).toEqual(Array.from({ length: 60 }, () => 'succeeded 1'));
    expect(sink.received).toHaveLength(60);
    expect(sentByFirst).toBeLessThanOrEqual(60);
    await second.close();
    await database.drop();
  });

  it.runIf(HAS_SERVERS)('may be one that only serves the API: another, which only delivers, does the rest', async () => {
    sink = await startCallbackSink();
    const database = await anEmptyDatabase();
    const serving = await startTestApp({ database, env: { ROLES: 'api' } });
    const delivering = await startTestApp({ database, env: { ROLES: 'worker' } });
    const endpoint = await anEndpoint(serving.api, sink.url, { events: ['visitor.created'] });
    await created(serving.api.post('/visitors', {}));
    await sink.waitFor(1, 10_000);
    await delivering.settle();
    expect(await deliveriesOf(serving.api, endpoint)).toEqual([expect.objectContaining({ status: 'succeeded' })]);
    const socket = await connectSocket(serving.url, API_KEY);
    await anEndpoint(serving.api, 'http://127.0.0.1:1', { events: ['visitor.created'], retry: { schedule_seconds: [0] } });
    await created(serving.api.post('/visitors', {}));
    // It happens in the process that delivers and reaches the sockets of the other.
    await socket.waitFor('callback.exhausted', 10_000);
    socket.close();
    expect(await delivering.api.get('/visitors')).toMatchObject({ status: 503, body: { code: 'service.worker_only' } });
    await serving.close();
    await delivering.close();
    await database.drop();
  });
});
