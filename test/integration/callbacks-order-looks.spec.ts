import { afterEach, describe, expect, it, vi } from 'vitest';
import { newId } from '../../src/kernel/ids.js';
import { DeliveriesRepository } from '../../src/modules/callbacks/deliveries/deliveries.repository.js';
import { DeliveryClaims } from '../../src/modules/callbacks/dispatch/delivery-claims.js';
import type { ClaimedDelivery } from '../../src/modules/callbacks/dispatch/delivery-claims.js';
import { DeliveryRows } from '../../src/modules/callbacks/dispatch/delivery-rows.js';
import { DueDeliveries } from '../../src/modules/callbacks/dispatch/due-deliveries.js';
import { EndpointsRepository } from '../../src/modules/callbacks/endpoints/endpoints.repository.js';
import { addRows } from '../../src/platform/database/rows.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { callbackDesk } from '../support/callback-desk.js';
import { HAS_SERVERS } from '../support/cluster.js';
import { anEndpoint, created, eventsAfter } from '../support/desk.js';
import type { Resource } from '../support/desk.js';

const COLUMNS = ['id', 'organization_id', 'callback_id', 'event_id', 'event', 'status', 'due_at', 'created_at', 'conversation_id', 'event_number', 'batch_id'];
const LATER_MS = 10_000_000;

interface Outstanding {
  due: number;
  status?: 'pending' | 'failed' | 'delivering';
  conversation?: string;
  /** Of its event. */
  number?: number;
  batch?: string;
}

const desk = callbackDesk();

const aDisabled = (over: Record<string, unknown>): Promise<Resource> => anEndpoint(desk.api, desk.sink.url, { events: ['visitor.created'], enabled: false, ...over });
const inOrder = (over: Record<string, unknown> = {}): Promise<Resource> => aDisabled({ ordering: 'per_conversation', ...over });
const unitOfWork = (): UnitOfWork => desk.cluster.a.app.get(UnitOfWork);
const write = (sql: string, parameters: unknown[]): Promise<unknown> => unitOfWork().run(() => unitOfWork().write(sql, parameters));
const nextReadyAt = async ({ id }: Resource): Promise<number | null> => desk.cluster.a.app.get(DueDeliveries).nextReadyAt((await desk.cluster.a.app.get(EndpointsRepository).find(id))!);

/** Deliveries as they may stand in the table, of one event. */
async function outstanding(endpoint: Resource, deliveries: Outstanding[]): Promise<string[]> {
  await created(desk.api.post('/visitors', {}));
  const event = (await eventsAfter(desk.api, 0)).find(({ event }) => event === 'visitor.created')!;
  const rows = deliveries.map(({ due, conversation = null, number = null, batch = null, status = 'pending' }) =>
    [newId('delivery'), desk.organization.id, endpoint.id, event.id, event.event, status, due, desk.clock.now(), conversation, number, batch]);
  await unitOfWork().run(() => addRows(unitOfWork(), 'callback_deliveries', COLUMNS, rows));
  return rows.map(([id]) => String(id));
}

/** As the endpoint is set, in up to `limit` requests. */
async function claim({ id }: Resource, limit = 32): Promise<ClaimedDelivery[]> {
  const { ordering, batch } = (await desk.cluster.a.app.get(EndpointsRepository).find(id))!;
  return desk.cluster.b.app.get(DeliveryClaims).claim(id, limit, 30_000, { ordered: ordering === 'per_conversation', batch, rateLimit: null });
}

const arrived = (...ids: string[]): Promise<unknown> => Promise.all(ids.map((id) => write("UPDATE callback_deliveries SET status = 'succeeded', due_at = NULL, conversation_id = NULL WHERE id = ?", [id])));
const requestsIn = (claimed: readonly ClaimedDelivery[]): number => new Set(claimed.map(({ batchId, id }) => batchId ?? id)).size;

afterEach(() => vi.restoreAllMocks());

describe.runIf(HAS_SERVERS)('an event of a batch that is sent again between the look and the lock', () => {
  /** What a claim gets of a batch of three, of which so many leave it. */
  async function claimedOf(endpoint: Resource, place: (number: number) => Partial<Outstanding>, leaving: number): Promise<ClaimedDelivery[]> {
    const batch = newId('batch');
    const ids = await outstanding(endpoint, [1, 2, 3].map((number) => ({ due: desk.clock.now() - 1000, status: 'failed', batch, ...place(number) })));
    const rows = desk.cluster.b.app.get(DeliveryRows);
    const membersOf = rows.membersOf.bind(rows);
    vi.spyOn(rows, 'membersOf').mockImplementationOnce(async (...parameters) => {
      const found = await membersOf(...parameters);
      for (const id of ids.slice(0, leaving)) {
        await unitOfWork().run(() => desk.cluster.a.app.get(DeliveriesRepository).restart(id, desk.clock.now()));
        // Their event is of no conversation.
        await write('UPDATE callback_deliveries SET conversation_id = ? WHERE id = ?', [place(1).conversation ?? null, id]);
      }
      return found;
    });
    return claim(endpoint);
  }

  it.each([1, 2])('leaves one request of its conversation (%d of 3)', async (leaving) => {
    const endpoint = await inOrder({ batch: { max_items: 5, max_wait_ms: 0 } });
    expect(requestsIn(await claimedOf(endpoint, (number) => ({ conversation: 'cnv_a', number }), leaving))).toBe(1);
  });

  it('is not overtaken by what stood behind it', async () => {
    const endpoint = await inOrder({ batch: { max_items: 5, max_wait_ms: 0 } });
    const [first] = await outstanding(endpoint, [1, 2, 3].map((number) => ({ due: desk.clock.now() - 10, conversation: 'cnv_a', number })));
    const rows = desk.cluster.b.app.get(DeliveryRows);
    const lock = rows.lock.bind(rows);
    vi.spyOn(rows, 'lock').mockImplementation(async (found) => {
      if (found.length > 0) await write('UPDATE callback_deliveries SET due_at = due_at + ? WHERE id = ?', [LATER_MS, first]);
      return lock(found);
    });
    expect(await claim(endpoint)).toEqual([]);
  });

  it('is in one request, where there is no order', async () => {
    const claimed = await claimedOf(await aDisabled({ batch: { max_items: 5, max_wait_ms: 0 } }), () => ({}), 1);
    expect(new Set(claimed.map(({ id }) => id)).size).toBe(claimed.length);
    expect(claimed.every(({ batchId }) => batchId !== null)).toBe(true);
  });
});

describe('the next look at an endpoint with an order', () => {
  it.each([
    ['alone', {}, {}],
    ['in a batch', { batch: { max_items: 3, max_wait_ms: 1000 } }, { batch: newId('batch'), status: 'failed' as const }],
  ])('comes for what gets due while it is looked at, %s', async (_, over, how) => {
    const endpoint = await inOrder(over);
    const due = desk.clock.now() + LATER_MS;
    await outstanding(endpoint, [{ due, conversation: 'cnv_a', number: 1, ...how }]);
    let at = due - 8;
    // Not past that: others ask the clock as well.
    vi.spyOn(desk.clock, 'now').mockImplementation(() => (at = Math.min(at + 3, due)));
    expect(await nextReadyAt(endpoint)).toBe(due);
  });

  it('comes when the last of a full batch is due', async () => {
    const endpoint = await inOrder({ batch: { max_items: 3, max_wait_ms: 60_000 } });
    const due = desk.clock.now() + LATER_MS;
    await outstanding(endpoint, [0, 1, 2].map((index) => ({ due: due + index * 1000, conversation: `cnv_${index}`, number: index + 1 })));
    const looks: number[] = [];
    let claimed: ClaimedDelivery[] = [];
    let now = 0;
    vi.spyOn(desk.clock, 'now').mockImplementation(() => now);
    while (claimed.length === 0) {
      now = (await nextReadyAt(endpoint))!;
      looks.push(now - due);
      claimed = await claim(endpoint);
    }
    expect(claimed).toHaveLength(3);
    expect(looks).toEqual([0, 1000, 2000]);
  });

  it.each([4, 11])('is now where a batch is full, whatever waits behind the head of another conversation (%d)', async (waiting) => {
    const endpoint = await inOrder({ batch: { max_items: 5, max_wait_ms: 60_000 } });
    const now = desk.clock.now();
    await outstanding(endpoint, [
      ...Array.from({ length: waiting }, (_, index) => ({ due: index === 0 ? now - 10 : now + LATER_MS, conversation: 'cnv_a', number: index + 1 })),
      ...Array.from({ length: 10 }, (_, index) => ({ due: now - 10, conversation: 'cnv_b', number: index + 101 })),
    ]);
    expect(await nextReadyAt(endpoint)).toBeLessThanOrEqual(desk.clock.now());
    expect(await claim(endpoint, 1)).toHaveLength(5);
  });

  it('comes when what stands behind a head that is ready makes a batch full', async () => {
    const endpoint = await inOrder({ batch: { max_items: 2, max_wait_ms: 60_000 } });
    const now = desk.clock.now();
    await outstanding(endpoint, [{ due: now - 10, conversation: 'cnv_a', number: 1 }, { due: now + 3000, conversation: 'cnv_a', number: 2 }]);
    expect(await claim(endpoint)).toEqual([]);
    expect(await nextReadyAt(endpoint)).toBe(now + 3000);
  });

  it('comes when a claim ends that was made before there were batches', async () => {
    const endpoint = await inOrder();
    const [first] = await outstanding(endpoint, [{ due: desk.clock.now() - 20, conversation: 'cnv_a', number: 1 }]);
    await write("UPDATE callback_deliveries SET status = 'succeeded', due_at = NULL WHERE id = ?", [first]);
    await outstanding(endpoint, [{ due: desk.clock.now() - 10, conversation: 'cnv_a', number: 2 }]);
    const [later] = await claim(endpoint);
    await write("UPDATE callback_deliveries SET status = 'pending', due_at = ? WHERE id = ?", [desk.clock.now(), first]);
    expect(await nextReadyAt(endpoint)).toBe(later!.claimedUntil);
    await desk.api.put(`/callbacks/${endpoint.id}`, { batch: { max_items: 5, max_wait_ms: 0 } });
    expect(await nextReadyAt(endpoint)).toBe(later!.claimedUntil);
  });

  it('comes with the head, behind which another may have waited for long', async () => {
    const endpoint = await inOrder({ batch: { max_items: 5, max_wait_ms: 60_000 } });
    const due = desk.clock.now() + LATER_MS;
    await outstanding(endpoint, [{ due, conversation: 'cnv_a', number: 1 }, { due: due - 100_000, conversation: 'cnv_a', number: 2 }]);
    expect(await nextReadyAt(endpoint)).toBe(due);
    desk.clock.advance(LATER_MS);
    expect(await claim(endpoint)).toHaveLength(2);
  });
});

describe('batches that wait for conversations', () => {
  it('are passed over in few statements however many there are, and hold up no others', async () => {
    for (const count of [50, 250]) {
      const endpoint = await inOrder({ batch: { max_items: 1000, max_wait_ms: 0 } });
      const now = desk.clock.now();
      const all = Array.from({ length: count }, (_, index) => index + 1);
      await outstanding(endpoint, [
        ...all.map((number) => ({ due: now + LATER_MS, conversation: `cnv_${number}`, number, batch: 'bat_busy', status: 'delivering' as const })),
        ...all.map((number) => ({ due: now - 10, conversation: `cnv_${number}`, number: count + number, batch: `bat_${number}`, status: 'failed' as const })),
      ]);
      const query = vi.spyOn(unitOfWork(), 'query');
      expect(await nextReadyAt(endpoint)).toBe(now + LATER_MS);
      expect(query.mock.calls.length).toBeLessThan(20);
      expect(await claim(endpoint)).toEqual([]);
      await outstanding(endpoint, [{ due: now - 5, conversation: 'cnv_other', number: 1, batch: 'bat_other', status: 'failed' }]);
      expect(await claim(endpoint, 1)).toHaveLength(1);
      vi.restoreAllMocks();
    }
  });

  it.each([
    ['one of them went alone, when there were none for a while', 'bat_a'],
    ['one was sent again that had arrived', undefined],
  ])('wait for an event before them: %s', async (_, batch) => {
    const endpoint = await inOrder();
    const now = desk.clock.now();
    const [first] = await outstanding(endpoint, [{ due: now - 10, conversation: 'cnv_a', number: 1, batch, status: 'failed' }]);
    const [later] = await outstanding(endpoint, [{ due: now - 10, conversation: 'cnv_a', number: 2, batch: 'bat_a', status: 'failed' }]);
    const [alone] = await claim(endpoint);
    expect(alone!.id).toBe(first);
    await write("UPDATE callback_deliveries SET status = 'failed', due_at = ?, claim_token = NULL WHERE id = ?", [now + LATER_MS, first]);
    await desk.api.put(`/callbacks/${endpoint.id}`, { batch: { max_items: 5, max_wait_ms: 0 } });
    expect(await claim(endpoint)).toEqual([]);
    expect(await nextReadyAt(endpoint)).toBe(now + LATER_MS);
    desk.clock.advance(LATER_MS);
    const next = await claim(endpoint);
    expect(next.map(({ id }) => id)).toEqual(batch === undefined ? [first] : [first, later]);
    expect(requestsIn(next)).toBe(1);
  });

  it('go without what waits for an event between them', async () => {
    const endpoint = await inOrder({ batch: { max_items: 5, max_wait_ms: 0 } });
    const due = desk.clock.now() - 10;
    const [first, second, third] = await outstanding(endpoint, [1, 2, 3].map((number) => ({ due, conversation: 'cnv_a', number, ...(number !== 2 && { batch: 'bat_a', status: 'failed' as const }) })));
    expect((await claim(endpoint)).map(({ id, batchId }) => [id, batchId])).toEqual([[first, 'bat_a']]);
    expect(await claim(endpoint)).toEqual([]);
    await arrived(first!);
    const rest = await claim(endpoint);
    expect(rest.map(({ id }) => id)).toEqual([second, third]);
    expect(requestsIn(rest)).toBe(1);
  });

  it('do not wait for each other for ever, however they were cut before there was an order', async () => {
    const endpoint = await inOrder({ batch: { max_items: 2, max_wait_ms: 0 } });
    const due = desk.clock.now() - 10;
    const [a1, b1, a2, b2] = await outstanding(endpoint, [['cnv_a', 'bat_x'], ['cnv_b', 'bat_y'], ['cnv_a', 'bat_y'], ['cnv_b', 'bat_x']].map(([conversation, batch], index) =>
      ({ due, conversation: conversation!, number: index + 1, batch: batch!, status: 'failed' })));
    const taken = await claim(endpoint);
    expect(taken.map(({ id }) => id).toSorted()).toEqual([a1, b1].toSorted());
    expect(requestsIn(taken)).toBe(2);
    await arrived(a1!, b1!);
    expect((await claim(endpoint)).map(({ id }) => id).toSorted()).toEqual([a2, b2].toSorted());
  });

  it('are remembered by what leaves them, since their answers tell of it too', async () => {
    const endpoint = await inOrder({ batch: { max_items: 5, max_wait_ms: 0 } });
    const due = desk.clock.now() - 10;
    const ids = await outstanding(endpoint, [1, 2, 3].map((number) => ({ due, conversation: 'cnv_a', number, ...(number !== 2 && { batch: 'bat_b', status: 'failed' as const }) })));
    await claim(endpoint);
    const left = await unitOfWork().query<{ delivery_id: string; batch_id: string }>('SELECT delivery_id, batch_id FROM callback_former_batches', []);
    expect(left.filter(({ delivery_id }) => ids.includes(delivery_id))).toEqual([{ delivery_id: ids[2], batch_id: 'bat_b' }]);
  });
});

describe('new batches', () => {
  it('are as many as may be sent, however long the conversations are', async () => {
    const batch = { max_items: 10, max_wait_ms: 60_000 };
    const endpoint = await inOrder({ batch });
    const due = desk.clock.now() - 10;
    await outstanding(endpoint, Array.from({ length: 4 * 500 }, (_, index) => ({ due, conversation: `cnv_${index % 4}`, number: index + 1 })));
    const claimed = await claim(endpoint);
    expect([claimed.length, requestsIn(claimed)]).toEqual([40, 4]);
  });
});

describe.runIf(HAS_SERVERS)('a large claim', () => {
  it('does not wait for a delivery of another endpoint that somebody holds', async () => {
    const endpoint = await inOrder({ batch: { max_items: 1000, max_wait_ms: 0 } });
    const due = desk.clock.now() - 10;
    const [held] = await outstanding(await aDisabled({}), Array.from({ length: 1000 }, () => ({ due })));
    await outstanding(endpoint, Array.from({ length: 4000 }, (_, index) => ({ due, conversation: `cnv_${index}`, number: index + 1 })));
    await unitOfWork().run(async () => {
      await unitOfWork().query('SELECT id FROM callback_deliveries WHERE id = ? FOR UPDATE', [held]);
      // Were it to wait, it would do so until this unit has ended.
      expect(await claim(endpoint)).toHaveLength(4000);
    });
  }, 60_000);
});
