import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DeliveryClaims } from '../../src/modules/callbacks/dispatch/delivery-claims.js';
import type { ClaimedDelivery } from '../../src/modules/callbacks/dispatch/delivery-claims.js';
import { startCallbackSink } from '../support/callback-sink.js';
import type { CallbackSink, ReceivedCallback, SinkBehaviour } from '../support/callback-sink.js';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aMessage, anEndpoint, anOrganization, created, deliveriesOf } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import type { Caller } from '../support/start-test-app.js';
import { TestClock } from '../support/test-clock.js';

const LEASE_MS = 30_000;
const RULES = { ordered: true, batch: null, rateLimit: null };

describe('an endpoint with an order', () => {
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

  const ordered = (over: Record<string, unknown> = {}): Promise<Resource> =>
    anEndpoint(api, sink.url, { events: ['message.received'], ordering: 'per_conversation', retry: { schedule_seconds: Array.from({ length: 12 }, () => 0) }, ...over });
  const on = (index: number): Caller => cluster.each(index).as(api.headers);
  const conversations = (count: number): Promise<Resource[]> => Promise.all(Array.from({ length: count }, () => aConversation(api)));
  const seqsOf = (conversation: Resource): number[] => sink.received.filter(({ body }) => body.data.conversation_id === conversation.id).map(({ body }) => body.data.seq);
  const claimed = (app = cluster.b, endpoint: Resource, limit = 100): Promise<ClaimedDelivery[]> => app.app.get(DeliveryClaims).claim(endpoint.id, limit, LEASE_MS, RULES);

  it('gets the events of 20 conversations in their order, one at a time, though a fifth of the attempts fails', async () => {
    const running = new Set<string>();
    let overlaps = 0;
    answer = ({ body }) => {
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
      for (let index = 0; index < 50; index++) await aMessage(on(index), conversation, { content: String(index) });
    }));
    await expect.poll(async () => {
      await cluster.settle();
      return (await api.get(`/callbacks/${endpoint.id}/deliveries?limit=1&include_total=true&status=succeeded`)).body.total;
    }, { timeout: 60_000 }).toBe(1000);
    expect(overlaps).toBe(0);
    for (const conversation of all) {
      const seqs = seqsOf(conversation);
      expect(seqs).toEqual(seqs.toSorted((one, other) => one - other));
      expect(new Set(seqs).size).toBe(50);
    }
    expect(sink.received.length).toBeGreaterThan(1100);
  }, 120_000);

  it('waits with a conversation whose first event fails, and with no other', async () => {
    const [stuck, well] = await conversations(2);
    answer = ({ body }) => ({ status: body.data.conversation_id === stuck!.id ? 500 : 200 });
    const endpoint = await ordered({ retry: { schedule_seconds: [0, 1000, 1000] } });
    for (let index = 0; index < 3; index++) for (const conversation of [stuck!, well!]) await aMessage(api, conversation);
    await cluster.settle();
    expect([seqsOf(stuck!), seqsOf(well!)]).toEqual([[1], [1, 2, 3]]);
    answer = () => ({ status: 200 });
    clock.advance(1_300_000);
    await cluster.settle();
    expect(seqsOf(stuck!)).toEqual([1, 1, 2, 3]);
    expect((await deliveriesOf(api, endpoint)).every(({ status }) => status === 'succeeded')).toBe(true);
  });

  it('goes on behind an event that is exhausted', async () => {
    const [conversation] = await conversations(1);
    answer = ({ body }) => ({ status: body.data.seq === 1 ? 500 : 200 });
    const endpoint = await ordered({ retry: { schedule_seconds: [0, 0] } });
    for (let index = 0; index < 3; index++) await aMessage(api, conversation!);
    await expect.poll(async () => {
      await cluster.settle();
      return (await deliveriesOf(api, endpoint)).map(({ status }) => status);
    }).toEqual(['exhausted', 'succeeded', 'succeeded']);
    expect(seqsOf(conversation!)).toEqual([1, 1, 2, 3]);
  });

  it('keeps its order when a worker dies with what it had claimed', async () => {
    const [one, other] = await conversations(2);
    const endpoint = await ordered({ retry: { schedule_seconds: [3600, 0] } });
    for (let index = 0; index < 3; index++) for (const conversation of [one!, other!]) await aMessage(api, conversation);
    await api.put(`/callbacks/${endpoint.id}`, { enabled: false });
    clock.advance(3_600_000);
    const heads = await claimed(cluster.b, endpoint);
    expect(heads.map(({ event }) => JSON.parse(event.dataJson).seq)).toEqual([1, 1]);
    // What follows is not for another worker either.
    expect(await claimed(cluster.a, endpoint)).toEqual([]);
    await api.put(`/callbacks/${endpoint.id}`, { enabled: true });
    await cluster.settle();
    expect(sink.received).toEqual([]);
    clock.advance(LEASE_MS + 1);
    await expect.poll(async () => {
      await cluster.settle();
      return sink.received.length;
    }).toBe(6);
    expect([seqsOf(one!), seqsOf(other!)]).toEqual([[1, 2, 3], [1, 2, 3]]);
  });

  it('never gives two claims made at the same time parts of one conversation', async () => {
    const all = await conversations(6);
    const endpoint = await ordered({ retry: { schedule_seconds: [3600, 0] } });
    for (let index = 0; index < 4; index++) for (const conversation of all) await aMessage(api, conversation);
    await api.put(`/callbacks/${endpoint.id}`, { enabled: false });
    clock.advance(3_600_000);
    const takes = (await Promise.all(Array.from({ length: 8 }, (_, index) => claimed(cluster.each(index), endpoint, 2)))).flat();
    expect(takes.map(({ event }) => JSON.parse(event.dataJson).seq)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(new Set(takes.map(({ event }) => JSON.parse(event.dataJson).conversation_id)).size).toBe(6);
  });

  it('is not held up where no conversation is concerned', async () => {
    answer = ({ body }) => ({ status: body.data.visitor.name === 'first' ? 500 : 200 });
    await ordered({ events: ['visitor.created'], retry: { schedule_seconds: [0, 3600] } });
    for (const name of ['first', 'second', 'third']) await created(api.post('/visitors', { name }));
    await cluster.settle();
    expect(sink.received.map(({ body }) => body.data.visitor.name).toSorted()).toEqual(['first', 'second', 'third']);
  });

  it('puts an event that is sent again by hand back in its place', async () => {
    const [conversation] = await conversations(1);
    const endpoint = await ordered();
    await aMessage(api, conversation!);
    await cluster.settle();
    const [first] = await deliveriesOf(api, endpoint);
    answer = ({ body }) => ({ status: body.data.seq === 1 ? 500 : 200 });
    await api.put(`/callbacks/${endpoint.id}`, { retry: { schedule_seconds: [0, 3600] } });
    expect((await api.post(`/callbacks/${endpoint.id}/deliveries/${first!.id}/retry`)).status).toBe(202);
    await cluster.settle();
    await aMessage(api, conversation!);
    await cluster.settle();
    expect(seqsOf(conversation!)).toEqual([1, 1]);
  });
});
