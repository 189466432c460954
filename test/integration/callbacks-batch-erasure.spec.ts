import { beforeEach, describe, expect, it } from 'vitest';
import { callbackDesk } from '../support/callback-desk.js';
import { anEndpoint, deliveriesOf, deliveryOf } from '../support/desk.js';
import type { Resource } from '../support/desk.js';

const desk = callbackDesk();

let endpoint: Resource;
let ada: Resource;

/** What the receiver answered at each attempt, visitor by visitor in the order of their names. */
async function answers(): Promise<(string | null)[][]> {
  const deliveries = await deliveriesOf(desk.api, endpoint);
  const attempts = await Promise.all(deliveries.map(async ({ id }: Resource) => (await deliveryOf(desk.api, endpoint, id))['attempts'] as Resource[]));
  return attempts.map((all) => all.map((attempt) => attempt['response_body'] as string | null));
}

async function deliveryOfVisitor(index: number): Promise<string> {
  return (await deliveriesOf(desk.api, endpoint))[index]!.id;
}

async function retry(index: number): Promise<void> {
  expect((await desk.api.post(`/callbacks/${endpoint.id}/deliveries/${await deliveryOfVisitor(index)}/retry`)).status).toBe(202);
  await desk.cluster.settle();
  desk.clock.advance(1000);
  await desk.cluster.settle();
}

async function eraseAda(): Promise<void> {
  expect((await desk.api.delete(`/visitors/${ada.id}`)).status).toBe(204);
  await desk.cluster.settle();
}

/** That tell of her. */
async function answersOfAda(): Promise<number> {
  return (await answers()).flat().filter((body) => body?.includes('Ada Lovelace')).length;
}

describe('an answer that repeats a batch', () => {
  beforeEach(async () => {
    desk.answer = ({ rawBody }) => ({ status: 200, body: rawBody });
    endpoint = await anEndpoint(desk.api, desk.sink.url, { events: ['visitor.created'], batch: { max_items: 2, max_wait_ms: 1000 } });
    ada = (await desk.api.post('/visitors', { name: 'Ada Lovelace' })).body;
    await desk.api.post('/visitors', { name: 'Bob' });
    await desk.cluster.settle();
  });

  it('is forgotten with any of those that were in it', async () => {
    expect(await answersOfAda()).toBe(2);
    await eraseAda();
    expect(await answers()).toEqual([[null], [null]]);
  });

  it.each([['her own event', 0, 3], ['that of another', 1, 2]])('is forgotten after %s was sent again by hand', async (_, index, expected) => {
    await retry(index);
    expect(await answersOfAda()).toBe(expected);
    await eraseAda();
    expect(await answersOfAda()).toBe(0);
  });

  it('is forgotten after a recovery has sent each of them alone', async () => {
    expect((await desk.api.put(`/callbacks/${endpoint.id}`, { batch: null })).status).toBe(200);
    const since = new Date(desk.clock.now() - 60_000).toISOString();
    expect((await desk.api.post(`/callbacks/${endpoint.id}/recover`, { since, include_succeeded: true })).status).toBe(202);
    await desk.cluster.settle();
    expect(await answersOfAda()).toBe(3);
    await eraseAda();
    expect(await answersOfAda()).toBe(0);
  });

  it('is kept when somebody else is erased whose event went alone', async () => {
    const { body: eve } = await desk.api.post('/visitors', { name: 'Eve' });
    desk.clock.advance(1000);
    await desk.cluster.settle();
    expect((await desk.api.delete(`/visitors/${eve.id}`)).status).toBe(204);
    await desk.cluster.settle();
    expect(await answersOfAda()).toBe(2);
  });
});
