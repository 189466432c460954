import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DeliveryClaims } from '../../src/modules/callbacks/dispatch/delivery-claims.js';
import { startCallbackSink } from '../support/callback-sink.js';
import type { CallbackSink, ReceivedCallback, SinkBehaviour } from '../support/callback-sink.js';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aMessage, anEndpoint, anOrganization, created, deliveriesOf, deliveryOf, eventsAfter } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import type { Caller } from '../support/start-test-app.js';
import { TestClock } from '../support/test-clock.js';

const WAIT_MS = 60_000;

describe('an endpoint with batches', () => {
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

  const batched = (over: Record<string, unknown> = {}): Promise<Resource> =>
    anEndpoint(api, sink.url, { events: ['visitor.created'], batch: { max_items: 5, max_wait_ms: WAIT_MS }, ...over });
  const visitors = async (count: number): Promise<void> => {
    await Promise.all(Array.from({ length: count }, (_, index) => created(cluster.each(index).as(api.headers).post('/visitors', {}))));
    await cluster.settle();
  };
  const sizes = (): number[] => sink.received.map(({ body }) => body.length);
  const statuses = async (endpoint: Resource): Promise<string[]> => (await deliveriesOf(api, endpoint)).map(({ status, attempt_count }) => `${status} ${attempt_count}`);

  it('gets as many as it takes at once, and the rest when the first of them has waited long enough', async () => {
    const endpoint = await batched();
    await visitors(12);
    expect(sizes()).toEqual([5, 5]);
    expect((await statuses(endpoint)).toSorted()).toEqual([...Array.from({ length: 2 }, () => 'pending 0'), ...Array.from({ length: 10 }, () => 'succeeded 1')]);
    clock.advance(WAIT_MS - 10_000);
    await cluster.settle();
    expect(sizes()).toEqual([5, 5]);
    clock.advance(10_000);
    await cluster.settle();
    expect(sizes()).toEqual([5, 5, 2]);
    expect(await statuses(endpoint)).toEqual(Array.from({ length: 12 }, () => 'succeeded 1'));
    const ids = sink.received.flatMap(({ body }) => body.map((event: Resource) => event.id));
    expect(new Set(ids).size).toBe(12);
    for (const { headers } of sink.received) expect(headers['webhook-id']).toMatch(/^bat_/);
  });

  it('gets what waits no longer than it says, without anything else happening', async () => {
    await batched({ batch: { max_items: 100, max_wait_ms: 300 } });
    await visitors(3);
    await sink.waitFor(1, 10_000);
    expect(sizes()).toEqual([3]);
  });

  it('gets the same batch under the same id until it takes it', async () => {
    let left = 3;
    answer = () => ({ status: left-- > 0 ? 500 : 200 });
    const endpoint = await batched({ retry: { schedule_seconds: [0, 0, 0, 0] } });
    await visitors(5);
    await expect.poll(async () => {
      await cluster.settle();
      return statuses(endpoint);
    }).toEqual(Array.from({ length: 5 }, () => 'succeeded 4'));
    expect(sizes()).toEqual([5, 5, 5, 5]);
    expect(new Set(sink.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(new Set(sink.received.map(({ rawBody }) => rawBody)).size).toBe(1);
    const [delivery] = await deliveriesOf(api, endpoint);
    expect((await deliveryOf(api, endpoint, delivery!.id))['attempts'].map(({ status }: Resource) => status)).toEqual([500, 500, 500, 200]);
  });

  it('keeps a batch apart from what comes while it waits', async () => {
    let failing = true;
    answer = () => ({ status: failing ? 500 : 200 });
    await batched({ retry: { schedule_seconds: [0, 1000] } });
    await visitors(5);
    failing = false;
    clock.advance(500_000);
    await visitors(5);
    clock.advance(800_000);
    await cluster.settle();
    expect(sizes()).toEqual([5, 5, 5]);
    const [first, second, third] = sink.received;
    expect(third!.headers['webhook-id']).toBe(first!.headers['webhook-id']);
    expect(third!.rawBody).toBe(first!.rawBody);
    expect(second!.headers['webhook-id']).not.toBe(first!.headers['webhook-id']);
  });

  it('exhausts all of a batch, and each of them can be sent again by itself', async () => {
    answer = () => ({ status: 500 });
    const endpoint = await batched({ retry: { schedule_seconds: [0, 0] } });
    await visitors(5);
    await expect.poll(async () => {
      await cluster.settle();
      return statuses(endpoint);
    }).toEqual(Array.from({ length: 5 }, () => 'exhausted 2'));
    expect((await eventsAfter(api, 0)).filter(({ event }) => event === 'callback.exhausted')).toHaveLength(5);
    answer = () => ({ status: 200 });
    sink.clear();
    const [delivery] = await deliveriesOf(api, endpoint);
    expect((await api.post(`/callbacks/${endpoint.id}/deliveries/${delivery!.id}/retry`)).status).toBe(202);
    clock.advance(WAIT_MS);
    await cluster.settle();
    expect(sink.received.map(({ body }) => body.map((event: Resource) => event.id))).toEqual([[delivery!['event_id']]]);
    expect(await statuses(endpoint)).toEqual(['succeeded 3', ...Array.from({ length: 4 }, () => 'exhausted 2')]);
  });

  it('gets a batch whole and once more when the worker that had claimed it died', async () => {
    const endpoint = await batched({ retry: { schedule_seconds: [3600, 0] } });
    await visitors(10);
    await api.put(`/callbacks/${endpoint.id}`, { enabled: false });
    clock.advance(3_600_000);
    const rules = { ordered: false, batch: { max_items: 5, max_wait_ms: WAIT_MS }, rateLimit: null };
    const lost = await cluster.b.app.get(DeliveryClaims).claim(endpoint.id, 1, 30_000, rules);
    expect(lost).toHaveLength(5);
    expect(new Set(lost.map(({ batchId }) => batchId)).size).toBe(1);
    await api.put(`/callbacks/${endpoint.id}`, { enabled: true });
    await cluster.settle();
    expect(sizes()).toEqual([5]);
    clock.advance(30_001);
    await cluster.settle();
    expect(sizes()).toEqual([5, 5]);
    expect(sink.received[1]!.headers['webhook-id']).toBe(lost[0]!.batchId);
    expect(sink.received[1]!.body.map((event: Resource) => event.id)).toEqual(lost.map(({ event }) => event.id));
  });

  it('gets the events of each conversation in their order when it asks for that too', async () => {
    answer = () => ({ status: Math.random() < 0.2 ? 500 : 200, delayMs: Math.floor(Math.random() * 5) });
    const over = { events: ['message.received'], ordering: 'per_conversation', batch: { max_items: 7, max_wait_ms: 20 }, retry: { schedule_seconds: Array.from({ length: 12 }, () => 0) } };
    const endpoint = await batched(over);
    const conversations = await Promise.all(Array.from({ length: 4 }, () => aConversation(api)));
    await Promise.all(conversations.map(async (conversation) => {
      for (let index = 0; index < 25; index++) await aMessage(cluster.each(index).as(api.headers), conversation);
    }));
    await expect.poll(async () => {
      await cluster.settle();
      return (await api.get(`/callbacks/${endpoint.id}/deliveries?limit=1&include_total=true&status=succeeded`)).body.total;
    }, { timeout: 30_000 }).toBe(100);
    for (const conversation of conversations) {
      // A batch that failed came again as it was: of each the first time counts.
      const batches = new Map(sink.received.map(({ headers, body }) => [headers['webhook-id'], body as { data: Resource }[]]));
      const seqs = [...batches.values()].flat().filter(({ data }) => data['conversation_id'] === conversation.id).map(({ data }) => data['seq']);
      expect(seqs).toEqual(Array.from({ length: 25 }, (_, index) => index + 1));
    }
    expect(Math.max(...sizes())).toBeGreaterThan(1);
  }, 60_000);
});
