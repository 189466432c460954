import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../src/kernel/ids.js';
import { DeliveryClaims } from '../../src/modules/callbacks/dispatch/delivery-claims.js';
import { DeliveryRetention } from '../../src/modules/callbacks/deliveries/delivery-retention.js';
import { EventRetention } from '../../src/modules/events/event-retention.js';
import { addRows } from '../../src/platform/database/rows.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { startCallbackSink } from '../support/callback-sink.js';
import type { CallbackSink, SinkBehaviour } from '../support/callback-sink.js';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { anEndpoint, anOrganization, created, deliveriesOf, eventsAfter } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { rows } from '../support/invariants.js';
import type { Caller } from '../support/start-test-app.js';
import { storeEvents } from '../support/stored-events.js';
import { TestClock } from '../support/test-clock.js';

const DAY_MS = 86_400_000;
const KEPT_MS = 2 * DAY_MS;

describe('what is older than EVENT_RETENTION_DAYS', () => {
  const clock = new TestClock();
  let cluster: Cluster;
  let sink: CallbackSink;
  let answer: () => SinkBehaviour;
  let api: Caller;
  let organization: Resource;

  beforeAll(async () => {
    cluster = await startCluster({ clock, env: { EVENT_RETENTION_DAYS: '2' } });
    sink = await startCallbackSink({ answer: () => answer() });
  });

  beforeEach(async () => {
    answer = () => ({ status: 200 });
    ({ api, organization } = await anOrganization(cluster.a));
  });

  afterEach(() => sink.clear());

  afterAll(async () => {
    await sink.close();
    await cluster.close();
  });

  const prune = async (): Promise<void> => {
    await Promise.all([cluster.a, cluster.b].map(({ app }) => app.get(DeliveryRetention).run()));
    await Promise.all([cluster.a, cluster.b].map(({ app }) => app.get(EventRetention).run()));
  };
  const visitors = async (count: number): Promise<string[]> => {
    const ids: string[] = [];
    for (let index = 0; index < count; index++) ids.push((await created(api.post('/visitors', {}))).id);
    return ids;
  };
  const endpointFor = (over: Record<string, unknown> = {}): Promise<Resource> => anEndpoint(api, sink.url, { events: ['visitor.created'], ...over });
  const visitorsIn = async (): Promise<unknown[]> => (await eventsAfter(api, 0)).map(({ data }) => data['visitor_id']);
  const count = async (table: string, column: string, value: string): Promise<number> => {
    const [row] = await rows<{ found: number }>(cluster.a, `SELECT COUNT(*) AS found FROM ${table} WHERE ${column} = ?`, [value]);
    return Number(row!.found);
  };

  it('is deleted: events, deliveries and their attempts, and nothing younger', async () => {
    const endpoint = await endpointFor();
    await visitors(3);
    await cluster.settle();
    const old = await deliveriesOf(api, endpoint);
    clock.advance(KEPT_MS - 60_000);
    const young = await visitors(2);
    await cluster.settle();
    await prune();
    expect(await visitorsIn()).toHaveLength(5);
    expect(await deliveriesOf(api, endpoint)).toHaveLength(5);

    clock.advance(120_000);
    await prune();
    expect(await visitorsIn()).toEqual(young);
    const left = await deliveriesOf(api, endpoint);
    expect(left.map(({ status }) => status)).toEqual(['succeeded', 'succeeded']);
    for (const { id } of old) {
      expect((await api.get(`/callbacks/${endpoint.id}/deliveries/${id}`)).body.code).toBe('delivery.not_found');
      expect(await count('callback_attempts', 'delivery_id', id)).toBe(0);
    }
    for (const { id } of left) expect(await count('callback_attempts', 'delivery_id', id)).toBe(1);
  });

  it('is deleted with what is known of the batches that it has left', async () => {
    const endpoint = await endpointFor({ batch: { max_items: 2, max_wait_ms: 0 } });
    await visitors(1);
    await cluster.settle();
    const [{ id } = {} as Resource] = await deliveriesOf(api, endpoint);
    expect((await api.post(`/callbacks/${endpoint.id}/deliveries/${id}/retry`)).status).toBe(202);
    await cluster.settle();
    expect(await count('callback_former_batches', 'delivery_id', id)).toBe(1);
    clock.advance(KEPT_MS + 60_000);
    await prune();
    expect(await count('callback_former_batches', 'delivery_id', id)).toBe(0);
  });

  it('is deleted with the answers that tell of it, also where younger ones went in the same request', async () => {
    const endpoint = await endpointFor({ batch: { max_items: 2, max_wait_ms: 1000 } });
    await visitors(1);
    await cluster.settle();
    clock.advance(KEPT_MS - 60_000);
    await cluster.settle();
    const [old] = await deliveriesOf(api, endpoint);
    answer = () => ({ status: 200, body: 'I know you all' });
    expect((await api.post(`/callbacks/${endpoint.id}/deliveries/${old!.id}/retry`)).status).toBe(202);
    await visitors(1);
    await cluster.settle();
    const young = (await deliveriesOf(api, endpoint)).find(({ id }) => id !== old!.id);
    const answered = async (): Promise<unknown> => (await api.get(`/callbacks/${endpoint.id}/deliveries/${young!.id}`)).body.attempts[0].response_body;
    expect(sink.received.map(({ body }) => (body as unknown as unknown[]).length)).toEqual([1, 2]);
    expect(await answered()).toBe('I know you all');
    clock.advance(120_000);
    await prune();
    expect(await deliveriesOf(api, endpoint)).toHaveLength(1);
    expect(await answered()).toBeNull();
  });

  it('leaves positions as they are, and a cursor from before goes on with the first that is kept', async () => {
    await visitors(4);
    const page = async (query: string) => (await api.get(`/events?${query}`)).body;
    const { next_cursor, data } = await page('limit=2');
    clock.advance(KEPT_MS + 1000);
    const young = await visitors(3);
    await prune();
    const positions = async (query: string): Promise<number[]> => (await page(query)).data.map(({ position }: Resource) => position);
    expect(await positions(`limit=10&cursor=${next_cursor}`)).toEqual([5, 6, 7]);
    expect(await positions('')).toEqual([5, 6, 7]);
    expect(await positions('sort=-position&limit=10')).toEqual([7, 6, 5]);
    expect((await api.get(`/events/${data[0].id}`)).body.code).toBe('event.not_found');

    clock.advance(KEPT_MS + 1000);
    await prune();
    const empty = await page(`cursor=${next_cursor}`);
    expect(empty).toMatchObject({ data: [], has_more: false });
    await visitors(1);
    expect(await positions(`cursor=${empty.next_cursor}`)).toEqual([8]);
    expect(young).toHaveLength(3);
  });

  it('is given up where it was still to be delivered, also at a disabled endpoint and at one that is gone', async () => {
    answer = () => ({ status: 500 });
    const waiting = await endpointFor({ retry: { schedule_seconds: [0, 86_400, 86_400, 86_400] } });
    const disabled = await endpointFor({ retry: { schedule_seconds: [3600] } });
    const gone = await endpointFor();
    await visitors(2);
    await cluster.settle();
    await api.put(`/callbacks/${disabled.id}`, { enabled: false });
    await api.delete(`/callbacks/${gone.id}`);
    expect((await deliveriesOf(api, waiting)).map(({ status }) => status)).toEqual(['failed', 'failed']);
    expect((await deliveriesOf(api, disabled)).map(({ status }) => status)).toEqual(['pending', 'pending']);
    expect(await count('callback_deliveries', 'callback_id', gone.id)).toBe(2);
    clock.advance(KEPT_MS + 1000);
    await prune();
    for (const { id } of [waiting, disabled, gone]) expect(await count('callback_deliveries', 'callback_id', id)).toBe(0);
    sink.clear();
    await api.put(`/callbacks/${disabled.id}`, { enabled: true });
    await cluster.settle();
    expect(sink.received).toEqual([]);
  });

  it('is left to its end while it is being sent', async () => {
    const endpoint = await endpointFor({ retry: { schedule_seconds: [KEPT_MS / 1000] } });
    await visitors(2);
    await api.put(`/callbacks/${endpoint.id}`, { enabled: false });
    clock.advance(KEPT_MS + 1000);
    const [taken] = await cluster.b.app.get(DeliveryClaims).claim(endpoint.id, 1, 60_000);
    await prune();
    expect((await deliveriesOf(api, endpoint)).map(({ id }) => id)).toEqual([taken!.id]);
    clock.advance(61_000);
    await prune();
    expect(await deliveriesOf(api, endpoint)).toEqual([]);
  });

  it('is deleted step by step, however much it is, also behind what a clock that was ahead has written', async () => {
    const unitOfWork = cluster.a.app.get(UnitOfWork);
    const now = clock.now();
    await storeEvents(unitOfWork, organization.id, Array<number>(1200).fill(now + 400 * DAY_MS), 'visitor.updated');
    const instants = Array.from({ length: 1600 }, (_, index) => now - index);
    await storeEvents(unitOfWork, organization.id, instants);
    const endpoint = await endpointFor();
    expect((await api.post(`/callbacks/${endpoint.id}/recover`, { since: new Date(now - DAY_MS).toISOString() })).status).toBe(202);
    await cluster.settle();
    expect(await count('callback_deliveries', 'callback_id', endpoint.id)).toBe(1600);
    clock.advance(KEPT_MS + 10_000);
    const young = await visitors(1);
    await cluster.settle();
    await prune();
    expect(await count('events', 'organization_id', organization.id)).toBe(1201);
    expect(await count('callback_deliveries', 'callback_id', endpoint.id)).toBe(1);
    expect((await eventsAfter(api, 2000)).map(({ data }) => data['visitor_id'])).toEqual(young);
    // Two days are kept, so the recovery that ended before has gone too.
    expect((await api.get(`/callbacks/${endpoint.id}/recoveries`)).body.data).toEqual([]);
  });

  it('cannot be recovered', async () => {
    const endpoint = await endpointFor();
    const answered = await api.post(`/callbacks/${endpoint.id}/recover`, { since: new Date(clock.now() - 3 * DAY_MS).toISOString() });
    expect(answered).toMatchObject({ status: 422, body: { errors: [{ field: 'since', code: 'recovery.too_old' }] } });
    expect(answered.body.errors[0].message).toContain('2 days');
  });

  it('is not waited for by those who write', async () => {
    const unitOfWork = cluster.a.app.get(UnitOfWork);
    await storeEvents(unitOfWork, organization.id, Array.from({ length: 5000 }, (_, index) => clock.now() - KEPT_MS - 1000 - index));
    await api.get('/events?limit=1');
    const [ids] = await Promise.all([visitors(30), prune()]);
    expect(ids).toHaveLength(30);
    expect(await visitorsIn()).toEqual(ids);
  });

  it('is given up of a deleted endpoint in steps too, so that deleting it holds up nobody, however much was to be delivered', async () => {
    const endpoint = await endpointFor({ enabled: false });
    const kept = await endpointFor({ retry: { schedule_seconds: [3600] } });
    await visitors(1);
    const unitOfWork = cluster.a.app.get(UnitOfWork);
    const now = clock.now();
    await unitOfWork.run(() => addRows(
      unitOfWork, 'callback_deliveries', ['id', 'organization_id', 'callback_id', 'event_id', 'event', 'status', 'due_at', 'created_at'],
      Array.from({ length: 1200 }, () => [newId('delivery'), organization.id, endpoint.id, newId('event'), 'visitor.created', 'pending', now, now]),
    ));
    const outstanding = async (): Promise<number> => (await rows(cluster.a, 'SELECT id FROM callback_deliveries WHERE callback_id = ? AND due_at > 0', [endpoint.id])).length;
    expect((await api.delete(`/callbacks/${endpoint.id}`)).status).toBe(204);
    expect(await outstanding()).toBe(1200);
    await prune();
    expect(await outstanding()).toBe(0);
    expect(await count('callback_deliveries', 'callback_id', endpoint.id)).toBe(1200);
    expect((await deliveriesOf(api, kept)).map(({ status }) => status)).toEqual(['pending']);
  });
});
