import { describe, expect, it } from 'vitest';
import { DeliveryClaims } from '../../src/modules/callbacks/dispatch/delivery-claims.js';
import type { ClaimedDelivery } from '../../src/modules/callbacks/dispatch/delivery-claims.js';
import { DueDeliveries } from '../../src/modules/callbacks/dispatch/due-deliveries.js';
import { EndpointsRepository } from '../../src/modules/callbacks/endpoints/endpoints.repository.js';
import { callbackDesk } from '../support/callback-desk.js';
import { aConversation, aMessage, anEndpoint, created, deliveriesOf } from '../support/desk.js';
import type { Resource } from '../support/desk.js';

const LEASE_MS = 30_000;
const HOUR_MS = 3_600_000;
const RULES = { ordered: true, batch: null, rateLimit: null };

const desk = callbackDesk();

describe('an endpoint with an order', () => {
  const ordered = (over: Record<string, unknown> = {}): Promise<Resource> =>
    anEndpoint(desk.api, desk.sink.url, { events: ['message.received'], ordering: 'per_conversation', retry: { schedule_seconds: Array.from({ length: 12 }, () => 0) }, ...over });
  const conversations = (count: number): Promise<Resource[]> => Promise.all(Array.from({ length: count }, () => aConversation(desk.api)));
  const seqsOf = (conversation: Resource): number[] => desk.sink.received.filter(({ body }) => body.data.conversation_id === conversation.id).map(({ body }) => body.data.seq);
  const claimed = (app = desk.cluster.b, endpoint: Resource, limit = 100): Promise<ClaimedDelivery[]> => app.app.get(DeliveryClaims).claim(endpoint.id, limit, LEASE_MS, RULES);

  it('gets the events of 20 conversations in their order, one at a time, though a fifth of the attempts fails', async () => {
    const running = new Set<string>();
    let overlaps = 0;
    desk.answer = ({ body }) => {
      const { conversation_id } = body.data;
      if (running.has(conversation_id)) overlaps += 1;
      running.add(conversation_id);
      const delayMs = Math.floor(Math.random() * 4);
      setTimeout(() => running.delete(conversation_id), delayMs);
      return { status: Math.random() < 0.2 ? 500 : 200, delayMs };
    };
    const endpoint = await ordered();
    const all = await conversations(20);
    await Promise.all(all.map(async (conversation) => {
      for (let index = 0; index < 50; index++) await aMessage(desk.on(index), conversation, { content: String(index) });
    }));
    await expect.poll(async () => {
      await desk.cluster.settle();
      return (await desk.api.get(`/callbacks/${endpoint.id}/deliveries?limit=1&include_total=true&status=succeeded`)).body.total;
    }, { timeout: 60_000 }).toBe(1000);
    expect(overlaps).toBe(0);
    for (const conversation of all) {
      const seqs = seqsOf(conversation);
      expect(seqs).toEqual(seqs.toSorted((one, other) => one - other));
      expect(new Set(seqs).size).toBe(50);
    }
    expect(desk.sink.received.length).toBeGreaterThan(1100);
  }, 120_000);

  it.each([['alone', null], ['in batches', { max_items: 4, max_wait_ms: 0 }]])('gets them %s, of a conversation one at a time, while what arrived is sent again and again', async (_, batch) => {
    const running = new Set<string>();
    let overlaps = 0;
    desk.answer = ({ body }) => {
      const ids = new Set([body].flat().map(({ data }) => String(data.conversation_id)));
      const delayMs = Math.floor(Math.random() * 20);
      for (const id of ids) {
        if (running.has(id)) overlaps += 1;
        running.add(id);
      }
      setTimeout(() => { for (const id of ids) running.delete(id); }, delayMs);
      return { status: Math.random() < 0.2 ? 500 : 200, delayMs };
    };
    const endpoint = await ordered({ batch });
    const all = await conversations(5);
    const since = (await desk.api.get(`/callbacks/${endpoint.id}`)).body.created_at;
    await Promise.all(all.map(async (conversation, index) => {
      for (let count = 0; count < 20; count++) await aMessage(desk.on(index), conversation);
      expect([202, 409]).toContain((await desk.on(index).post(`/callbacks/${endpoint.id}/recover`, { since, include_succeeded: true })).status);
      for (const { id } of (await deliveriesOf(desk.api, endpoint, '&status=succeeded')).slice(0, 10)) {
        // One recovery at a time, and another may have sent it again first.
        expect([202, 409]).toContain((await desk.on(index).post(`/callbacks/${endpoint.id}/deliveries/${id}/retry`)).status);
      }
    }));
    await expect.poll(async () => {
      await desk.cluster.settle();
      return (await desk.api.get(`/callbacks/${endpoint.id}/deliveries?limit=1&include_total=true&status=succeeded`)).body.total;
    }, { timeout: 60_000 }).toBe(100);
    expect(overlaps).toBe(0);
    expect(desk.sink.received.length).toBeGreaterThan(batch === null ? 150 : 40);
  }, 120_000);

  it('waits with a conversation whose first event fails, and with no other', async () => {
    const [stuck, well] = await conversations(2);
    desk.answer = ({ body }) => ({ status: body.data.conversation_id === stuck!.id ? 500 : 200 });
    const endpoint = await ordered({ retry: { schedule_seconds: [0, 1000, 1000] } });
    for (let index = 0; index < 3; index++) for (const conversation of [stuck!, well!]) await aMessage(desk.api, conversation);
    await desk.cluster.settle();
    expect([seqsOf(stuck!), seqsOf(well!)]).toEqual([[1], [1, 2, 3]]);
    desk.answer = () => ({ status: 200 });
    desk.clock.advance(1_300_000);
    await desk.cluster.settle();
    expect(seqsOf(stuck!)).toEqual([1, 1, 2, 3]);
    expect((await deliveriesOf(desk.api, endpoint)).every(({ status }) => status === 'succeeded')).toBe(true);
  });

  it('goes on behind an event that is exhausted', async () => {
    const [conversation] = await conversations(1);
    desk.answer = ({ body }) => ({ status: body.data.seq === 1 ? 500 : 200 });
    const endpoint = await ordered({ retry: { schedule_seconds: [0, 0] } });
    for (let index = 0; index < 3; index++) await aMessage(desk.api, conversation!);
    await expect.poll(async () => {
      await desk.cluster.settle();
      return (await deliveriesOf(desk.api, endpoint)).map(({ status }) => status);
    }).toEqual(['exhausted', 'succeeded', 'succeeded']);
    expect(seqsOf(conversation!)).toEqual([1, 1, 2, 3]);
  });

  it('keeps its order when a worker dies with what it had claimed', async () => {
    const [one, other] = await conversations(2);
    const endpoint = await ordered({ retry: { schedule_seconds: [3600, 0] } });
    for (let index = 0; index < 3; index++) for (const conversation of [one!, other!]) await aMessage(desk.api, conversation);
    await desk.api.put(`/callbacks/${endpoint.id}`, { enabled: false });
    desk.clock.advance(3_600_000);
    const heads = await claimed(desk.cluster.b, endpoint);
    expect(heads.map(({ event }) => JSON.parse(event.dataJson).seq)).toEqual([1, 1]);
    // What follows is not for another worker either.
    expect(await claimed(desk.cluster.a, endpoint)).toEqual([]);
    await desk.api.put(`/callbacks/${endpoint.id}`, { enabled: true });
    await desk.cluster.settle();
    expect(desk.sink.received).toEqual([]);
    desk.clock.advance(LEASE_MS + 1);
    await expect.poll(async () => {
      await desk.cluster.settle();
      return desk.sink.received.length;
    }).toBe(6);
    expect([seqsOf(one!), seqsOf(other!)]).toEqual([[1, 2, 3], [1, 2, 3]]);
  });

  it('never gives two claims made at the same time parts of one conversation', async () => {
    const all = await conversations(6);
    const endpoint = await ordered({ retry: { schedule_seconds: [3600, 0] } });
    for (let index = 0; index < 4; index++) for (const conversation of all) await aMessage(desk.api, conversation);
    await desk.api.put(`/callbacks/${endpoint.id}`, { enabled: false });
    desk.clock.advance(3_600_000);
    const takes = (await Promise.all(Array.from({ length: 8 }, (_, index) => claimed(desk.cluster.each(index), endpoint, 2)))).flat();
    expect(takes.map(({ event }) => JSON.parse(event.dataJson).seq)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(new Set(takes.map(({ event }) => JSON.parse(event.dataJson).conversation_id)).size).toBe(6);
  });

  it('is not held up where no conversation is concerned', async () => {
    desk.answer = ({ body }) => ({ status: body.data.visitor.name === 'first' ? 500 : 200 });
    await ordered({ events: ['visitor.created'], retry: { schedule_seconds: [0, 3600] } });
    for (const name of ['first', 'second', 'third']) await created(desk.api.post('/visitors', { name }));
    await desk.cluster.settle();
    expect(desk.sink.received.map(({ body }) => body.data.visitor.name).toSorted()).toEqual(['first', 'second', 'third']);
  });

  it('puts an event that is sent again by hand back in its place', async () => {
    const [conversation] = await conversations(1);
    const endpoint = await ordered();
    await aMessage(desk.api, conversation!);
    await desk.cluster.settle();
    const [first] = await deliveriesOf(desk.api, endpoint);
    desk.answer = ({ body }) => ({ status: body.data.seq === 1 ? 500 : 200 });
    await desk.api.put(`/callbacks/${endpoint.id}`, { retry: { schedule_seconds: [0, 3600] } });
    expect((await desk.api.post(`/callbacks/${endpoint.id}/deliveries/${first!.id}/retry`)).status).toBe(202);
    await desk.cluster.settle();
    await aMessage(desk.api, conversation!);
    await desk.cluster.settle();
    expect(seqsOf(conversation!)).toEqual([1, 1]);
  });

  it.each([
    ['by hand', (endpoint: Resource, delivery: Resource) => desk.api.post(`/callbacks/${endpoint.id}/deliveries/${delivery.id}/retry`)],
    ['by a recovery', (endpoint: Resource, delivery: Resource) => desk.api.post(`/callbacks/${endpoint.id}/recover`, { since: delivery['created_at'], include_succeeded: true })],
  ])('does not get an event again, %s, while a later one of its conversation is being sent', async (_, sendAgain) => {
    const [conversation, other] = await conversations(2);
    const endpoint = await ordered({ retry: { schedule_seconds: [3600, 0] } });
    await aMessage(desk.api, conversation!);
    desk.clock.advance(HOUR_MS);
    await desk.cluster.settle();
    const [first] = await deliveriesOf(desk.api, endpoint);
    await aMessage(desk.api, conversation!);
    await desk.api.put(`/callbacks/${endpoint.id}`, { enabled: false });
    // A pump that has seen it enabled ends before the time moves on.
    await desk.cluster.settle();
    desk.clock.advance(HOUR_MS);
    const [later] = await claimed(desk.cluster.b, endpoint);
    await desk.api.put(`/callbacks/${endpoint.id}`, { enabled: true });
    expect((await sendAgain(endpoint, first!)).status).toBe(202);
    await desk.cluster.settle();
    expect(seqsOf(conversation!)).toEqual([1]);
    const entity = (await desk.cluster.a.app.get(EndpointsRepository).find(endpoint.id))!;
    expect(await desk.cluster.a.app.get(DueDeliveries).nextReadyAt(entity)).toBe(later!.claimedUntil);
    // Of another conversation it does.
    await desk.api.put(`/callbacks/${endpoint.id}`, { retry: { schedule_seconds: [0, 0] } });
    await aMessage(desk.api, other!);
    await desk.cluster.settle();
    expect([seqsOf(conversation!), seqsOf(other!)]).toEqual([[1], [1]]);
    desk.clock.advance(LEASE_MS + 1);
    await expect.poll(async () => {
      await desk.cluster.settle();
      return seqsOf(conversation!);
    }).toEqual([1, 1, 2]);
  });
});
