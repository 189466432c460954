import { afterEach, describe, expect, it } from 'vitest';
import { DeliveryRetention } from '../../src/modules/callbacks/deliveries/delivery-retention.js';
import { AttemptLog } from '../../src/modules/callbacks/dispatch/attempt-log.js';
import type { Attempt, AttemptResult } from '../../src/modules/callbacks/dispatch/attempt.js';
import { DeliveryClaims } from '../../src/modules/callbacks/dispatch/delivery-claims.js';
import type { ClaimedDelivery } from '../../src/modules/callbacks/dispatch/delivery-claims.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { callbackDesk } from '../support/callback-desk.js';
import { startCallbackSink } from '../support/callback-sink.js';
import type { CallbackSink } from '../support/callback-sink.js';
import { HAS_SERVERS } from '../support/cluster.js';
import { anEndpoint, created, deliveriesOf, deliveryOf } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { rows } from '../support/invariants.js';
import { connectSocket } from '../support/socket-client.js';
import { API_KEY, anEmptyDatabase, startTestApp } from '../support/start-test-app.js';
import type { TestApp } from '../support/start-test-app.js';

const LEASE_MS = 30_000;

describe('claims', () => {
  const desk = callbackDesk();

  /** Deliveries that are due, at an endpoint that no pump looks at until it is enabled. */
  async function dueDeliveries(count: number): Promise<Resource> {
    const endpoint = await anEndpoint(desk.api, desk.sink.url, { events: ['visitor.created'], retry: { schedule_seconds: [3600, 3600] } });
    for (let index = 0; index < count; index++) await created(desk.api.post('/visitors', {}));
    await desk.api.put(`/callbacks/${endpoint.id}`, { enabled: false });
    desk.clock.advance(3_600_000);
    return endpoint;
  }

  const claim = (app: TestApp, endpoint: Resource, limit = 100): Promise<ClaimedDelivery[]> => app.app.get(DeliveryClaims).claim(endpoint.id, limit, LEASE_MS);
  const enable = (endpoint: Resource) => desk.api.put(`/callbacks/${endpoint.id}`, { enabled: true });
  const attempt = (delivery: ClaimedDelivery, result: AttemptResult, statusCode: number): Attempt => ({
    delivery, result, statusCode, startedAt: desk.clock.now(), durationMs: 1, errorClass: null, errorMessage: null, responseHeaders: {}, responseBody: Buffer.from('late'),
  });

  it('that lapse are taken by another, which delivers', async () => {
    const endpoint = await dueDeliveries(3);
    expect(await claim(desk.cluster.b, endpoint)).toHaveLength(3);
    await enable(endpoint);
    await desk.cluster.settle();
    expect(desk.sink.received).toEqual([]);
    expect((await deliveriesOf(desk.api, endpoint)).map(({ status }) => status)).toEqual(['delivering', 'delivering', 'delivering']);

    desk.clock.advance(LEASE_MS + 1);
    await desk.cluster.settle();
    expect(desk.sink.received).toHaveLength(3);
    expect((await deliveriesOf(desk.api, endpoint)).map(({ status, attempt_count }) => [status, attempt_count])).toEqual(Array.from({ length: 3 }, () => ['succeeded', 1]));
  });

  it.each<[string, AttemptResult, number]>([
    ['a success', { kind: 'succeeded' }, 200],
    ['a failure', { kind: 'failed', nextAttemptAt: 0 }, 500],
    ['an end', { kind: 'exhausted' }, 500],
    ['a refusal', { kind: 'discarded', gone: false, url: 'http://127.0.0.1/' }, 410],
  ])('that lapsed do not let %s be recorded over what the next one does', async (_, result, statusCode) => {
    const endpoint = await dueDeliveries(1);
    const [stale] = await claim(desk.cluster.b, endpoint);
    desk.clock.advance(LEASE_MS + 1);
    const [current] = await claim(desk.cluster.a, endpoint);
    expect(current!.id).toBe(stale!.id);
    expect(current!.claimToken).not.toBe(stale!.claimToken);

    await desk.cluster.b.app.get(AttemptLog).record(attempt(stale!, result, statusCode));
    expect(await deliveryOf(desk.api, endpoint, stale!.id)).toMatchObject({ status: 'delivering', attempt_count: 1, last_status_code: null });
    await desk.cluster.a.app.get(AttemptLog).record(attempt(current!, { kind: 'failed', nextAttemptAt: desk.clock.now() + 60_000 }, 503));
    expect(await deliveryOf(desk.api, endpoint, stale!.id)).toMatchObject({ status: 'failed', attempt_count: 2, last_status_code: 503 });
    await desk.cluster.b.app.get(AttemptLog).record(attempt(stale!, result, statusCode));
    const delivery = await deliveryOf(desk.api, endpoint, stale!.id);
    expect(delivery).toMatchObject({ status: 'failed', attempt_count: 3, last_status_code: 503 });
    expect(delivery['attempts'].map((each: Resource) => [each['attempt'], each['status']])).toEqual([[1, statusCode], [2, 503], [3, statusCode]]);
  });

  it('that lapsed leave every attempt a number of its own, whoever records first', async () => {
    const endpoint = await dueDeliveries(8);
    const takes: ClaimedDelivery[][] = [];
    for (let turn = 0; turn < 4; turn++) {
      takes.push(await claim(desk.cluster.each(turn), endpoint));
      desk.clock.advance(LEASE_MS + 1);
    }
    await Promise.all(
      takes.flatMap((take, turn) =>
        take.map((delivery) => desk.cluster.each(turn).app.get(AttemptLog).record(attempt(delivery, { kind: 'failed', nextAttemptAt: desk.clock.now() + 60_000 }, 500 + turn))),
      ),
    );
    for (const { id } of takes[0]!) {
      const delivery = await deliveryOf(desk.api, endpoint, id);
      expect(delivery).toMatchObject({ status: 'failed', attempt_count: 4, last_status_code: 503 });
      expect(delivery['attempts'].map((each: Resource) => each['attempt'])).toEqual([1, 2, 3, 4]);
      expect(delivery['attempts'].map((each: Resource) => each['status']).toSorted()).toEqual([500, 501, 502, 503]);
    }
  });

  it('that are given back are due at once, as they were', async () => {
    const endpoint = await dueDeliveries(2);
    const claimed = await claim(desk.cluster.b, endpoint);
    await desk.cluster.b.app.get(DeliveryClaims).release(claimed);
    expect((await deliveriesOf(desk.api, endpoint)).map(({ status }) => status)).toEqual(['pending', 'pending']);
    await enable(endpoint);
    await desk.cluster.settle();
    expect(desk.sink.received).toHaveLength(2);
    await desk.cluster.b.app.get(DeliveryClaims).release(claimed);
    expect((await deliveriesOf(desk.api, endpoint)).map(({ status }) => status)).toEqual(['succeeded', 'succeeded']);
  });

  it('made at the same time never share a delivery, and take the longest due first', async () => {
    const endpoint = await dueDeliveries(30);
    const takes = await Promise.all(Array.from({ length: 10 }, (_, index) => claim(desk.cluster.each(index), endpoint, 4)));
    const taken = takes.flat();
    expect(new Set(taken.map(({ id }) => id)).size).toBe(taken.length);
    expect(new Set(takes.filter(({ length }) => length > 0).map(([first]) => first!.claimToken)).size).toBe(takes.filter(({ length }) => length > 0).length);
    const rest = await claim(desk.cluster.a, endpoint);
    expect(taken.length + rest.length).toBe(30);
    expect(await claim(desk.cluster.b, endpoint)).toEqual([]);
    const order = (await deliveriesOf(desk.api, endpoint)).map(({ id }) => id);
    for (const take of [...takes, rest]) {
      const places = take.map(({ id }) => order.indexOf(id));
      expect(places).toEqual(places.toSorted((a, b) => a - b));
    }
    const failures = [...taken, ...rest].map((delivery) => attempt(delivery, { kind: 'succeeded' }, 204));
    await Promise.all(failures.map((one, index) => desk.cluster.each(index).app.get(AttemptLog).record(one)));
    expect((await deliveriesOf(desk.api, endpoint)).every(({ status, attempt_count }) => status === 'succeeded' && attempt_count === 1)).toBe(true);
  });

  it('that lapsed do not stand in the way of sending by hand', async () => {
    // Its rate lets one go, so that no pump takes the other one again before it is asked for by hand.
    const endpoint = await anEndpoint(desk.api, desk.sink.url, { events: ['visitor.created'], rate_limit: { limit: 1, window_seconds: 3600 } });
    await created(desk.api.post('/visitors', {}));
    await created(desk.api.post('/visitors', {}));
    await desk.cluster.settle();
    expect(desk.sink.received).toHaveLength(1);
    const [claimed] = await claim(desk.cluster.b, endpoint);
    const path = `/callbacks/${endpoint.id}/deliveries/${claimed!.id}/retry`;
    expect((await desk.api.post(path)).body.code).toBe('delivery.in_progress');
    desk.clock.advance(LEASE_MS + 1);
    expect((await desk.api.post(path)).status).toBe(202);
    desk.clock.advance(3_600_000);
    await desk.cluster.settle();
    expect(await deliveryOf(desk.api, endpoint, claimed!.id)).toMatchObject({ status: 'succeeded', attempt_count: 1 });
  });

  it('of a deleted endpoint leave nothing to do', async () => {
    const endpoint = await dueDeliveries(2);
    const [claimed] = await claim(desk.cluster.b, endpoint, 1);
    await desk.api.delete(`/callbacks/${endpoint.id}`);
    await desk.cluster.b.app.get(AttemptLog).record(attempt(claimed!, { kind: 'failed', nextAttemptAt: desk.clock.now() }, 500));
    await desk.cluster.b.app.get(DeliveryClaims).release([claimed!]);
    desk.clock.advance(LEASE_MS + 1);
    await desk.cluster.settle();
    expect(desk.sink.received).toEqual([]);
    await desk.cluster.a.app.get(DeliveryRetention).run();
    expect(await claim(desk.cluster.a, endpoint)).toEqual([]);
  });

  it('of what was deleted meanwhile leave no attempt behind', async () => {
    const endpoint = await dueDeliveries(2);
    const [deleted, kept] = await claim(desk.cluster.b, endpoint);
    const unitOfWork = desk.cluster.a.app.get(UnitOfWork);
    await unitOfWork.run(() => unitOfWork.write('DELETE FROM callback_deliveries WHERE id = ?', [deleted!.id]));
    await Promise.all([deleted!, kept!].map((one) => desk.cluster.b.app.get(AttemptLog).record(attempt(one, { kind: 'succeeded' }, 200))));
    const attempts = await rows(desk.cluster.a, 'SELECT delivery_id, attempt FROM callback_attempts WHERE delivery_id IN (?, ?)', [deleted!.id, kept!.id]);
    expect(attempts).toEqual([{ delivery_id: kept!.id, attempt: 1 }]);
  });

  it('deliver a backlog once each, with a bound on what one receiver gets at a time', async () => {
    let running = 0;
    let most = 0;
    desk.answer = () => {
      running += 1;
      most = Math.max(most, running);
      setTimeout(() => (running -= 1), 10);
      return { status: 200, delayMs: 10 };
    };
    const endpoint = await dueDeliveries(0);
    await enable(endpoint);
    await Promise.all(Array.from({ length: 90 }, (_, index) => created(desk.on(index).post('/visitors', {}))));
    desk.clock.advance(3_600_000);
    await desk.cluster.settle();
    expect(desk.sink.received).toHaveLength(90);
    expect(new Set(desk.sink.received.map(({ headers }) => headers['webhook-id'])).size).toBe(90);
    expect(most).toBeLessThanOrEqual(32);
    expect((await deliveriesOf(desk.api, endpoint)).every(({ status, attempt_count }) => status === 'succeeded' && attempt_count === 1)).toBe(true);
  });

  it('of an endpoint that hangs hold up no other endpoint', async () => {
    desk.answer = ({ path }) => (path === '/hangs' ? 'hang' : { status: 200 });
    const over = { events: ['visitor.created'], timeout_ms: 15_000, retry: { schedule_seconds: [0] } };
    const hanging = await anEndpoint(desk.api, `${desk.sink.url}/hangs`, over);
    await anEndpoint(desk.api, `${desk.sink.url}/well`, over);
    for (let index = 0; index < 40; index++) await created(desk.api.post('/visitors', {}));
    await desk.sink.waitFor(() => desk.sink.received.filter(({ path }) => path === '/well').length === 40, 12_000);
    expect((await deliveriesOf(desk.api, hanging)).every(({ status }) => status === 'delivering' || status === 'pending')).toBe(true);
    await desk.api.delete(`/callbacks/${hanging.id}`);
  });

  it('of one request that hangs hold up no other request of its endpoint', async () => {
    let first = true;
    desk.answer = () => {
      if (!first) return { status: 200 };
      first = false;
      return 'hang';
    };
    await anEndpoint(desk.api, desk.sink.url, { events: ['visitor.created'], timeout_ms: 15_000, retry: { schedule_seconds: [0] } });
    await created(desk.api.post('/visitors', {}));
    await desk.sink.waitFor(1, 5000);
    const visitor = await created(desk.api.post('/visitors', {}));
    await desk.sink.waitFor(({ body }) => body.data.visitor_id === visitor.id, 12_000);
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
