import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Outbox } from '../../src/platform/outbox/outbox.js';
import { anOrganization, during, unique } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { startTestApp } from '../support/start-test-app.js';
import type { Caller, TestApp } from '../support/start-test-app.js';

const SLICE = 100;

let app: TestApp;
let api: Caller;

beforeAll(async () => {
  app = await startTestApp();
  api = app.api;
}, 60_000);

afterAll(() => app.close());

function customers(count: number, prefix = unique('B')): Resource[] {
  return Array.from({ length: count }, (_, index) => ({
    customer_id: `${prefix}-${String(index).padStart(4, '0')}`, name: `Customer ${index}`, phone: `1390000${String(index).padStart(4, '0')}`, level: 'A', tags: ['new', `t${index % 7}`], metadata: { index },
  })) as unknown as Resource[];
}

async function total(as: Caller, path: string): Promise<number> {
  return (await as.get(`${path}${path.includes('?') ? '&' : '?'}limit=1&include_total=true`)).body.total;
}

describe('a batch of 1,000', () => {
  it('leaves one copy when it comes twice, and tells of it once', async () => {
    const { api: there } = await anOrganization(app);
    const body = { customers: customers(1000) };
    const first = await during(there, () => there.post('/crm/customers/batch', body));
    expect(first.answer.body).toMatchObject({ created: 1000, updated: 0, unchanged: 0, invalid: 0 });
    expect(first.answer.body.data).toEqual(body.customers.map(({ customer_id }, index) => ({ index, status: 'created', id: customer_id, errors: [] })));
    expect(first.events.map(({ event }) => event)).toEqual(Array.from({ length: 1000 }, () => 'customer.created'));
    const second = await during(there, () => there.post('/crm/customers/batch', body));
    expect(second.answer.body).toMatchObject({ created: 0, updated: 0, unchanged: 1000, invalid: 0 });
    expect(second.events).toEqual([]);
    expect([await total(there, '/crm/customers'), await total(there, '/crm/customers?tag=new')]).toEqual([1000, 1000]);
  }, 60_000);

  it('stores the 997 that are valid and names the 3 that are not', async () => {
    const { api: there } = await anOrganization(app);
    const body: { customers: unknown[] } = { customers: customers(1000) };
    body.customers[5] = { name: 'no id' };
    body.customers[500] = { customer_id: 'bad', email: 'none', level: 7 };
    body.customers[999] = 'text';
    const { body: answer, status } = await there.post('/crm/customers/batch', body);
    expect(status).toBe(200);
    expect(answer).toMatchObject({ created: 997, updated: 0, unchanged: 0, invalid: 3 });
    expect(answer.data.filter((item: Resource) => item['status'] === 'invalid')).toEqual([
      { index: 5, status: 'invalid', id: null, errors: [{ field: 'customer_id', code: 'required', message: 'customer_id is required' }] },
      { index: 500, status: 'invalid', id: 'bad', errors: [expect.objectContaining({ field: 'email', code: 'is_email' }), expect.objectContaining({ field: 'level', code: 'is_string' })] },
      { index: 999, status: 'invalid', id: null, errors: [expect.objectContaining({ code: 'is_object' })] },
    ]);
    expect(answer.data.map(({ index }: Resource) => index)).toEqual(body.customers.map((_, index) => index));
    expect(await total(there, '/crm/customers')).toBe(997);
  }, 60_000);

  it('of orders does the same', async () => {
    const { api: there } = await anOrganization(app);
    const orders = Array.from({ length: 1000 }, (_, index) => ({ order_id: `O-${index}`, customer_id: `C-${index % 10}`, amount: index / 100, status: 'paid', create_time: '2023-10-26 12:00:00' }));
    expect((await there.post('/crm/orders/batch', { orders })).body).toMatchObject({ created: 1000, invalid: 0 });
    const again = await during(there, () => there.post('/crm/orders/batch', { orders }));
    expect(again.answer.body).toMatchObject({ unchanged: 1000, invalid: 0 });
    expect(again.events).toEqual([]);
    expect([await total(there, '/crm/orders'), await total(there, '/crm/orders?customer_id=C-3')]).toEqual([1000, 100]);
  }, 60_000);
});

describe('a batch', () => {
  it('lets the last of several of one id win, in one slice and over several', async () => {
    const ids = [unique('B'), unique('B')];
    const apart = customers(150);
    const body = { customers: [...ids.map((customer_id) => ({ customer_id, level: 'first', name: 'kept' })), { customer_id: ids[0], level: 'second' }, ...apart, { customer_id: ids[1], level: 'third' }] };
    const { answer, events } = await during(api, () => api.post('/crm/customers/batch', body));
    expect([0, 1, 2, body.customers.length - 1].map((index) => answer.body.data[index].status)).toEqual(['created', 'created', 'updated', 'updated']);
    for (const [index, level] of [[0, 'second'], [1, 'third']] as const) expect((await api.get(`/crm/customers/${ids[index]}`)).body).toMatchObject({ level, name: 'kept' });
    // What one transaction makes and changes is told of as made.
    expect(events.filter(({ data }) => data['customer_id'] === ids[0]).map(({ event, data }) => [event, data['customer'].level])).toEqual([['customer.created', 'second']]);
    expect(events.filter(({ data }) => data['customer_id'] === ids[1]).map(({ event }) => event)).toEqual(['customer.created', 'customer.updated']);
  });

  it('has a size', async () => {
    for (const body of [{ customers: [] }, { customers: customers(1001) }, {}, { customers: {} }]) expect((await api.post('/crm/customers/batch', body)).body.errors[0].field).toBe('customers');
    // More than the 1 MiB of other routes, and 8 MiB at the most.
    const wide = customers(1000).map((customer) => ({ ...customer, metadata: { text: 'x'.repeat(2000) } }));
    expect((await api.post('/crm/customers/batch', { customers: wide })).body).toMatchObject({ created: 1000 });
    const huge = customers(1000).map((customer) => ({ ...customer, metadata: { text: 'x'.repeat(9000) } }));
    expect((await api.post('/crm/customers/batch', { customers: huge })).body.code).toBe('request.too_large');
    expect((await api.post('/crm/customers', { customer_id: unique('B'), metadata: { text: 'x'.repeat(1024 * 1024) } })).status).toBe(413);
  }, 60_000);

  it('that fails in the middle leaves whole slices, and the next time the rest is done', async () => {
    const { api: there } = await anOrganization(app);
    const rows = customers(5 * SLICE);
    const outbox = app.app.get(Outbox);
    const append = outbox.append.bind(outbox);
    let told = 0;
    // In the middle of the third slice, with half of its events written.
    outbox.append = (...events) => {
      if ((told += events.length) > 2.5 * SLICE) throw new Error('The process is gone.');
      append(...events);
    };
    try {
      expect((await there.post('/crm/customers/batch', { customers: rows })).status).toBe(500);
    } finally {
      outbox.append = append;
    }
    expect(await total(there, '/crm/customers')).toBe(2 * SLICE);
    expect(await total(there, '/events?event=customer.created')).toBe(2 * SLICE);
    expect((await there.post('/crm/customers/batch', { customers: rows })).body).toMatchObject({ unchanged: 2 * SLICE, created: 3 * SLICE });
  }, 60_000);

  it('is one transaction under an Idempotency-Key, and answered again', async () => {
    const key = { 'idempotency-key': unique('key') };
    const body = { customers: customers(250) };
    const [first, second] = [await api.post('/crm/customers/batch', body, key), await api.post('/crm/customers/batch', body, key)];
    expect(first.body).toMatchObject({ created: 250 });
    expect([second.status, second.body, second.headers.get('idempotency-replayed')]).toEqual([200, first.body, 'true']);
  });

  it('and another of the same rows in another order, at the same time, leave one copy', async () => {
    const { api: there } = await anOrganization(app);
    const rows = customers(400);
    const { answer, events } = await during(there, () =>
      Promise.all([rows, rows.toReversed(), rows.toSorted((a, b) => String(a['tags'][1]).localeCompare(String(b['tags'][1])))].map((each) => there.post('/crm/customers/batch', { customers: each }))),
    );
    const counts = answer.map(({ body }) => body);
    expect(counts.reduce((sum, { created }) => sum + created, 0)).toBe(400);
    expect(counts.reduce((sum, { unchanged }) => sum + unchanged, 0)).toBe(800);
    expect(events).toHaveLength(400);
    expect([await total(there, '/crm/customers'), await total(there, '/crm/customers?tag=new')]).toEqual([400, 400]);
  }, 60_000);
});
