import { describe, expect, it } from 'vitest';
import { newId } from '../../src/kernel/ids.js';
import { DeliveryClaims } from '../../src/modules/callbacks/dispatch/delivery-claims.js';
import type { ClaimedDelivery } from '../../src/modules/callbacks/dispatch/delivery-claims.js';
import { DueDeliveries } from '../../src/modules/callbacks/dispatch/due-deliveries.js';
import { EndpointsRepository } from '../../src/modules/callbacks/endpoints/endpoints.repository.js';
import { addRows } from '../../src/platform/database/rows.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { callbackDesk } from '../support/callback-desk.js';
import { aConversation, aMessage, anEndpoint, deliveriesOf, deliveryOf, eventsAfter } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { rows } from '../support/invariants.js';

const WAIT_MS = 60_000;

const desk = callbackDesk();

describe('an endpoint with batches', () => {
  const batched = (over: Record<string, unknown> = {}): Promise<Resource> =>
    anEndpoint(desk.api, desk.sink.url, { events: ['visitor.created'], batch: { max_items: 5, max_wait_ms: WAIT_MS }, ...over });
  const visitors = async (count: number): Promise<void> => {
    await desk.visitors(count);
    await desk.cluster.settle();
  };
  const sizes = (): number[] => desk.sink.received.map(({ body }) => body.length);
  const statuses = async (endpoint: Resource): Promise<string[]> => (await deliveriesOf(desk.api, endpoint)).map(({ status, attempt_count }) => `${status} ${attempt_count}`);

  it('gets as many as it takes at once, and the rest when the first of them has waited long enough', async () => {
    const endpoint = await batched();
    await visitors(12);
    expect(sizes()).toEqual([5, 5]);
    expect((await statuses(endpoint)).toSorted()).toEqual([...Array.from({ length: 2 }, () => 'pending 0'), ...Array.from({ length: 10 }, () => 'succeeded 1')]);
    desk.clock.advance(WAIT_MS - 10_000);
    await desk.cluster.settle();
    expect(sizes()).toEqual([5, 5]);
    desk.clock.advance(10_000);
    await desk.cluster.settle();
    expect(sizes()).toEqual([5, 5, 2]);
    expect(await statuses(endpoint)).toEqual(Array.from({ length: 12 }, () => 'succeeded 1'));
    const ids = desk.sink.received.flatMap(({ body }) => body.map((event: Resource) => event.id));
    expect(new Set(ids).size).toBe(12);
    for (const { headers } of desk.sink.received) expect(headers['webhook-id']).toMatch(/^bat_/);
  });

  it('gets what waits no longer than it says, without anything else happening', async () => {
    await batched({ batch: { max_items: 100, max_wait_ms: 300 } });
    await visitors(3);
    await desk.sink.waitFor(1, 10_000);
    expect(sizes()).toEqual([3]);
  });

  it('gets the same batch under the same id until it takes it', async () => {
    let left = 3;
    desk.answer = () => ({ status: left-- > 0 ? 500 : 200 });
    const endpoint = await batched({ retry: { schedule_seconds: [0, 0, 0, 0] } });
    await visitors(5);
    await expect.poll(async () => {
      await desk.cluster.settle();
      return statuses(endpoint);
    }).toEqual(Array.from({ length: 5 }, () => 'succeeded 4'));
    expect(sizes()).toEqual([5, 5, 5, 5]);
    expect(new Set(desk.sink.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(new Set(desk.sink.received.map(({ rawBody }) => rawBody)).size).toBe(1);
    const [delivery] = await deliveriesOf(desk.api, endpoint);
    expect((await deliveryOf(desk.api, endpoint, delivery!.id))['attempts'].map(({ status }: Resource) => status)).toEqual([500, 500, 500, 200]);
  });

  it('keeps a batch apart from what comes while it waits', async () => {
    let failing = true;
    desk.answer = () => ({ status: failing ? 500 : 200 });
    await batched({ retry: { schedule_seconds: [0, 1000] } });
    await visitors(5);
    failing = false;
    desk.clock.advance(500_000);
    await visitors(5);
    desk.clock.advance(800_000);
    await desk.cluster.settle();
    expect(sizes()).toEqual([5, 5, 5]);
    const [first, second, third] = desk.sink.received;
    expect(third!.headers['webhook-id']).toBe(first!.headers['webhook-id']);
    expect(third!.rawBody).toBe(first!.rawBody);
    expect(second!.headers['webhook-id']).not.toBe(first!.headers['webhook-id']);
  });

  it('exhausts all of a batch, and each of them can be sent again by itself', async () => {
    desk.answer = () => ({ status: 500 });
    const endpoint = await batched({ retry: { schedule_seconds: [0, 0] } });
    await visitors(5);
    await expect.poll(async () => {
      await desk.cluster.settle();
      return statuses(endpoint);
    }).toEqual(Array.from({ length: 5 }, () => 'exhausted 2'));
    expect((await eventsAfter(desk.api, 0)).filter(({ event }) => event === 'callback.exhausted')).toHaveLength(5);
    desk.answer = () => ({ status: 200 });
    desk.sink.clear();
    const [delivery] = await deliveriesOf(desk.api, endpoint);
    expect((await desk.api.post(`/callbacks/${endpoint.id}/deliveries/${delivery!.id}/retry`)).status).toBe(202);
    desk.clock.advance(WAIT_MS);
    await desk.cluster.settle();
    expect(desk.sink.received.map(({ body }) => body.map((event: Resource) => event.id))).toEqual([[delivery!['event_id']]]);
    expect(await statuses(endpoint)).toEqual(['succeeded 3', ...Array.from({ length: 4 }, () => 'exhausted 2')]);
  });

  it('gets a batch whole and once more when the worker that had claimed it died', async () => {
    const endpoint = await batched({ retry: { schedule_seconds: [3600, 0] } });
    await visitors(10);
    await desk.api.put(`/callbacks/${endpoint.id}`, { enabled: false });
    desk.clock.advance(3_600_000);
    const rules = { ordered: false, batch: { max_items: 5, max_wait_ms: WAIT_MS }, rateLimit: null };
    const lost = await desk.cluster.b.app.get(DeliveryClaims).claim(endpoint.id, 1, 30_000, rules);
    expect(lost).toHaveLength(5);
    expect(new Set(lost.map(({ batchId }) => batchId)).size).toBe(1);
    await desk.api.put(`/callbacks/${endpoint.id}`, { enabled: true });
    await desk.cluster.settle();
    expect(sizes()).toEqual([5]);
    desk.clock.advance(30_001);
    await desk.cluster.settle();
    expect(sizes()).toEqual([5, 5]);
    expect(desk.sink.received[1]!.headers['webhook-id']).toBe(lost[0]!.batchId);
    expect(desk.sink.received[1]!.body.map((event: Resource) => event.id)).toEqual(lost.map(({ event }) => event.id));
  });

  it('is claimed for in bounded steps when many of its batches are due again', async () => {
    const endpoint = await batched({ batch: { max_items: 1000, max_wait_ms: 0 }, enabled: false });
    await visitors(1);
    const [event] = await eventsAfter(desk.api, 0);
    const [{ organization_id }] = (await rows(desk.cluster.a, 'SELECT organization_id FROM callback_endpoints WHERE id = ?', [endpoint.id])) as [Resource];
    const unitOfWork = desk.cluster.a.app.get(UnitOfWork);
    const now = desk.clock.now();
    await unitOfWork.run(() => addRows(
      unitOfWork, 'callback_deliveries', ['id', 'organization_id', 'callback_id', 'event_id', 'event', 'status', 'due_at', 'created_at', 'batch_id'],
      Array.from({ length: 6000 }, (_, index) => [newId('delivery'), organization_id, endpoint.id, event!.id, 'visitor.created', 'failed', now, now, `bat_${index % 6}`]),
    ));
    const claimed = await desk.cluster.a.app.get(DeliveryClaims).claim(endpoint.id, 512, 30_000, { ordered: false, batch: { max_items: 1000, max_wait_ms: 0 }, rateLimit: null });
    expect(claimed).toHaveLength(4000);
    expect(new Set(claimed.map(({ batchId }) => batchId)).size).toBe(4);
  });

  it.each(['native', 'cloudevents'])('gets no more than a megabyte in one request of the format %s', async (format) => {
    const endpoint = await batched({ events: ['message.received'], format, batch: { max_items: 100, max_wait_ms: 0 }, retry: { schedule_seconds: [3600] } });
    const conversation = await aConversation(desk.api);
    const content = '好'.repeat(20_000);
    for (let index = 0; index < 40; index++) await aMessage(desk.api, conversation, { content });
    desk.clock.advance(3_600_000);
    await desk.cluster.settle();
    expect(await statuses(endpoint)).toEqual(Array.from({ length: 40 }, () => 'succeeded 1'));
    expect(sizes().toSorted((one, other) => other - one)).toEqual([17, 17, 6]);
    expect(new Set(desk.sink.received.flatMap(({ body }) => body.map((event: Resource) => event.id))).size).toBe(40);
    for (const { rawBody } of desk.sink.received) expect(Buffer.byteLength(rawBody)).toBeLessThanOrEqual(1024 * 1024);
  });

  describe('in order, of which an event that arrived is sent again while a batch of its conversation waits', () => {
    const BATCH = { max_items: 5, max_wait_ms: WAIT_MS };
    const LEASE_MS = 3_600_000;
    const claimed = (endpoint: Resource): Promise<ClaimedDelivery[]> => desk.cluster.b.app.get(DeliveryClaims).claim(endpoint.id, 32, LEASE_MS, { ordered: true, batch: BATCH, rateLimit: null });
    const seqsOf = (deliveries: ClaimedDelivery[]): number[] => deliveries.map(({ event }) => JSON.parse(event.dataJson).seq);
    const nextReadyAt = async ({ id }: Resource): Promise<number | null> => desk.cluster.a.app.get(DueDeliveries).nextReadyAt((await desk.cluster.a.app.get(EndpointsRepository).find(id))!);

    /** The first event is due, and the batch of the other two 800 seconds later at the earliest. */
    async function sentAgain(): Promise<Resource> {
      const endpoint = await batched({ events: ['message.received'], ordering: 'per_conversation', batch: BATCH, retry: { schedule_seconds: [0, 1000, 1000] } });
      const conversation = await aConversation(desk.api);
      for (const count of [1, 2]) {
        desk.answer = () => ({ status: count === 1 ? 200 : 500 });
        for (let index = 0; index < count; index++) await aMessage(desk.api, conversation);
        desk.clock.advance(WAIT_MS);
        await desk.cluster.settle();
      }
      expect(sizes()).toEqual([1, 2]);
      const [first] = await deliveriesOf(desk.api, endpoint, '&status=succeeded');
      expect((await desk.api.post(`/callbacks/${endpoint.id}/deliveries/${first!.id}/retry`)).status).toBe(202);
      await desk.api.put(`/callbacks/${endpoint.id}`, { enabled: false });
      // A pump that has seen it enabled ends before the time moves on.
      await desk.cluster.settle();
      return endpoint;
    }

    it('gets the batch when the event has come to its end, and in its place where both are due again', async () => {
      const endpoint = await sentAgain();
      desk.clock.advance(WAIT_MS);
      for (let round = 0; round < 2; round++) {
        const taken = await claimed(endpoint);
        expect(seqsOf(taken)).toEqual([1]);
        desk.clock.advance(1_300_000);
        expect(await claimed(endpoint)).toEqual([]);
        expect(await nextReadyAt(endpoint)).toBe(taken[0]!.claimedUntil);
        desk.clock.advance(LEASE_MS);
        expect(await nextReadyAt(endpoint)).toBeLessThanOrEqual(desk.clock.now());
      }
    });

    it('gets the event first, also when the batch was due before the event was in one, and not both at a time', async () => {
      const endpoint = await sentAgain();
      desk.clock.advance(1_300_000);
      const taken = await claimed(endpoint);
      expect(seqsOf(taken)).toEqual([1]);
      expect(await claimed(endpoint)).toEqual([]);
      expect(await nextReadyAt(endpoint)).toBe(taken[0]!.claimedUntil);
    });
  });

  it('gets the events of each conversation in their order when it asks for that too', async () => {
    desk.answer = () => ({ status: Math.random() < 0.2 ? 500 : 200, delayMs: Math.floor(Math.random() * 5) });
    const over = { events: ['message.received'], ordering: 'per_conversation', batch: { max_items: 7, max_wait_ms: 20 }, retry: { schedule_seconds: Array.from({ length: 12 }, () => 0) } };
    const endpoint = await batched(over);
    const conversations = await Promise.all(Array.from({ length: 4 }, () => aConversation(desk.api)));
    await Promise.all(conversations.map(async (conversation) => {
      for (let index = 0; index < 25; index++) await aMessage(desk.on(index), conversation);
    }));
    await expect.poll(async () => {
      await desk.cluster.settle();
      return (await desk.api.get(`/callbacks/${endpoint.id}/deliveries?limit=1&include_total=true&status=succeeded`)).body.total;
    }, { timeout: 30_000 }).toBe(100);
    for (const conversation of conversations) {
      // A batch that failed came again as it was: of each the first time counts.
      const batches = new Map(desk.sink.received.map(({ headers, body }) => [headers['webhook-id'], body as { data: Resource }[]]));
      const seqs = [...batches.values()].flat().filter(({ data }) => data['conversation_id'] === conversation.id).map(({ data }) => data['seq']);
      expect(seqs).toEqual(Array.from({ length: 25 }, (_, index) => index + 1));
    }
    expect(Math.max(...sizes())).toBeGreaterThan(1);
  }, 60_000);
});
