import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anAgent, anApplication, anOrganization, created, during, unique } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { startTestApp } from '../support/start-test-app.js';
import type { Caller, TestApp } from '../support/start-test-app.js';

/** As the document prints it that asks for this interface. */
const PRINTED = '{ "order_id": "xxx", "customer_id": "xxx", "amount": 9999, "status": "paid", "create_time": "2023-10-26 12:00:00" }';

let app: TestApp;
let api: Caller;

beforeAll(async () => {
  app = await startTestApp();
  api = app.api;
}, 60_000);

afterAll(() => app.close());

function anOrder(over: Record<string, unknown> = {}, as: Caller = api): Promise<Resource> {
  return created(as.post('/crm/orders', { order_id: unique('O'), ...over }));
}

async function found(as: Caller, query: string, path = '/crm/orders'): Promise<string[]> {
  const { body, text } = await as.get(`${path}?limit=100&${query}`);
  return body.data?.map(({ order_id }: Resource) => order_id) ?? [text];
}

describe('an order', () => {
  it('is taken as it is printed, and known the second time', async () => {
    const first = await api.post('/crm/orders', PRINTED);
    expect(first.status, first.text).toBe(201);
    expect(first.headers.get('location')).toBe('/api/v1/crm/orders/xxx');
    expect(first.body).toEqual({
      id: expect.stringMatching(/^ord_[0-9a-z]{26}$/), order_id: 'xxx', customer_id: 'xxx', amount: '9999', currency: null, status: 'paid', items: [],
      create_time: '2023-10-26T12:00:00.000Z', created_at: expect.any(String), updated_at: expect.any(String),
    });
    const { answer: second, events } = await during(api, () => api.post('/crm/orders', PRINTED));
    expect([second.status, second.body]).toEqual([200, first.body]);
    expect(events).toEqual([]);
    expect((await api.get('/crm/orders/xxx')).body).toEqual(first.body);
  });

  it('has the time of a clock where the organization is', async () => {
    const slug = unique('org');
    const made = await created(app.api.post('/organizations', { slug, name: slug, time_zone: 'Asia/Shanghai' }));
    const shanghai = app.as({ 'x-api-key': made['api_key'].key });
    expect((await shanghai.post('/crm/orders', PRINTED)).body.create_time).toBe('2023-10-26T04:00:00.000Z');
    const times = { '2023-10-26': '2023-10-25T16:00:00.000Z', '2023-10-26T12:00:00Z': '2023-10-26T12:00:00.000Z', '2023-10-26T12:00:00+02:00': '2023-10-26T10:00:00.000Z' };
    for (const [given, instant] of Object.entries(times)) expect((await shanghai.put('/crm/orders/xxx', { create_time: given })).body.create_time).toBe(instant);
    for (const given of ['2023-02-30', '26.10.2023', '2023-10-26 25:00:00', '', 1698321600]) expect((await shanghai.put('/crm/orders/xxx', { create_time: given })).body.errors[0].field).toBe('create_time');
  });

  it('has no time whose year in UTC has not four digits', async () => {
    const slug = unique('org');
    const made = await created(app.api.post('/organizations', { slug, name: slug, time_zone: 'Asia/Shanghai' }));
    const shanghai = app.as({ 'x-api-key': made['api_key'].key });
    for (const create_time of ['9999-12-31T23:59:59-05:00', '0000-01-01T00:00:00+05:00', '0000-01-01']) {
      const answer = await shanghai.post('/crm/orders', { order_id: 'O-1', create_time });
      expect([answer.status, answer.body.errors?.[0]], answer.text).toEqual([422, expect.objectContaining({ field: 'create_time', code: 'is_time' })]);
    }
    const batch = await shanghai.post('/crm/orders/batch', { orders: [{ order_id: 'O-1', create_time: '0000-01-01' }, { order_id: 'O-2', create_time: '9999-12-31' }] });
    expect(batch.body.data).toMatchObject([{ status: 'invalid', errors: [{ field: 'create_time', code: 'is_time' }] }, { status: 'created' }]);
    expect((await shanghai.get('/crm/orders/O-2')).body.create_time).toBe('9999-12-30T16:00:00.000Z');
  });

  it('is told of when it is made, changed and deleted', async () => {
    const id = unique('O');
    const { answer, events } = await during(api, async () => {
      const made = await anOrder({ order_id: id, customer_id: 'C', amount: '10.50', items: [{ sku: 'a', quantity: 1 }] });
      await api.post('/crm/orders', { order_id: id, amount: 10.5, items: [{ quantity: 1, sku: 'a' }] });
      await api.put(`/crm/orders/${id}`, { amount: '10.51', currency: 'CNY' });
      expect((await api.delete(`/crm/orders/${id}`)).status).toBe(204);
      return made;
    });
    expect(events.map(({ event, data }) => [event, data['order_id'], data['customer_id'], data['changed']])).toEqual([
      ['order.created', id, 'C', undefined], ['order.updated', id, 'C', ['amount', 'currency']], ['order.deleted', id, 'C', undefined],
    ]);
    expect(events[0]!.data['order']).toEqual(answer);
    expect(events[1]!.data['order']).toMatchObject({ amount: '10.51', currency: 'CNY', items: [{ sku: 'a', quantity: 1 }] });
    expect((await api.get(`/crm/orders/${id}`)).body.code).toBe('order.not_found');
    expect((await api.get(`/audit-logs?target_id=${answer.id}`)).body.data).toMatchObject([{ action: 'order.deleted', actor_kind: 'api_key', address: '127.0.0.1', details: { order_id: id } }]);
  });
});

describe('money', () => {
  it.each([
    ['"0.10"', '0.10'], ['"12345678901234567890.0123456789"', '12345678901234567890.0123456789'], ['"-0.01"', '-0.01'], ['9999', '9999'], ['0.1', '0.1'], ['123456789012.345', '123456789012.345'],
    ['999999999999999', '999999999999999'], ['1e3', '1000'], ['-5', '-5'], ['null', null],
  ])('%s is stored exactly', async (given, amount) => {
    const id = unique('O');
    const answer = await api.post('/crm/orders', `{"order_id":"${id}","amount":${given}}`);
    expect([answer.status, answer.body.amount]).toEqual([201, amount]);
    expect((await api.get(`/crm/orders/${id}`)).body.amount).toBe(amount);
  });

  it.each(['1234567890123456', '0.1234567890123456', '9007199254740993', '1234567890.1234567', '100.00000000000000001', '1e400', '"1e3"', '"1,5"', '" 1"', '"NaN"', '""', 'true', '{}', '"123456789012345678901"', '0.00000000001'])(
    '%s is refused', async (given) => {
      const id = unique('O');
      for (const answer of [await api.post('/crm/orders', `{"order_id":"${id}","amount":${given}}`), await api.put(`/crm/orders/${id}`, `{"amount":${given}}`)]) {
        expect([answer.status, answer.body.errors]).toEqual([422, [expect.objectContaining({ field: 'amount', code: 'is_money' })]]);
      }
      const batch = await api.post('/crm/orders/batch', `{"orders":[{"order_id":"${id}","amount":${given}}]}`);
      expect(batch.body.data).toMatchObject([{ index: 0, status: 'invalid', id, errors: [{ field: 'amount', code: 'is_money' }] }]);
      expect((await api.get(`/crm/orders/${id}`)).status).toBe(404);
    },
  );

  it('is refused inside of the items as well, where a number would be rounded', async () => {
    const answer = await api.post('/crm/orders', `{"order_id":"${unique('O')}","items":[{"price":1234567890123456789}]}`);
    expect(answer.body.errors).toMatchObject([{ field: 'items', code: 'is_items' }]);
    expect((await anOrder({ items: [{ price: '1234567890123456789', quantity: 3 }] }))['items']).toEqual([{ price: '1234567890123456789', quantity: 3 }]);
  });

  it('is compared as numbers are', async () => {
    const { api: there } = await anOrganization(app);
    for (const amount of ['-5', '0.5', '9', '10', '100.000000001', '12345678901234567890']) await anOrder({ order_id: amount, amount }, there);
    await anOrder({ order_id: 'none' }, there);
    const within = async (query: string): Promise<string[]> => (await found(there, `sort=created_at&${query}`));
    expect(await within('min_amount=9&max_amount=100')).toEqual(['9', '10']);
    expect(await within('min_amount=100&max_amount=100.000000001')).toEqual(['100.000000001']);
    expect(await within('max_amount=0.50')).toEqual(['-5', '0.5']);
    expect(await within('min_amount=12345678901234567890')).toEqual(['12345678901234567890']);
    expect((await there.get('/crm/orders?min_amount=1e3')).body.errors[0].field).toBe('min_amount');
  });
});

describe('the list of orders', () => {
  it('is filtered by what orders have', async () => {
    const { api: there } = await anOrganization(app);
    await anOrder({ order_id: 'one', customer_id: 'C-1', amount: 5, currency: 'CNY', status: 'paid', create_time: '2023-10-26' }, there);
    await anOrder({ order_id: 'two', customer_id: 'C-1', amount: 7, currency: 'EUR', status: 'open', create_time: '2023-10-27' }, there);
    await anOrder({ order_id: 'three', customer_id: 'C-2', amount: 9, currency: 'CNY', status: 'paid', create_time: '2022-01-01' }, there);
    const expected: Record<string, string[]> = {
      'customer_id=C-1': ['two', 'one'], 'status=paid': ['three', 'one'], 'currency=EUR': ['two'], 'status=paid&currency=CNY&customer_id=C-2': ['three'],
      'since=2023-10-26T00:00:00Z': ['two', 'one'], 'until=2023-10-27T00:00:00Z&sort=create_time': ['three', 'one'], [`updated_since=${new Date().toISOString()}`]: [],
      'sort=create_time': ['three', 'one', 'two'],
    };
    for (const [query, ids] of Object.entries(expected)) expect([query, await found(there, query)]).toEqual([query, ids]);
  });

  it('of a customer is there as soon as the customer is, also when the order came first', async () => {
    const { api: there } = await anOrganization(app);
    const first = await anOrder({ customer_id: 'C-1', status: 'paid' }, there);
    const of = '/crm/customers/C-1/orders';
    expect((await there.get(of)).body.code).toBe('customer.not_found');
    await created(there.post('/crm/customers', { customer_id: 'C-1' }));
    const second = await anOrder({ customer_id: 'C-1', status: 'open' }, there);
    await anOrder({ customer_id: 'C-2' }, there);
    expect(await found(there, '', of)).toEqual([second['order_id'], first['order_id']]);
    expect(await found(there, 'status=paid', of)).toEqual([first['order_id']]);
    expect((await there.delete('/crm/customers/C-1')).status).toBe(204);
    expect((await there.get(`/crm/orders/${first['order_id']}`)).body).toEqual(first);
  });

  it('shows an application for some agents the orders of their customers only', async () => {
    const [mine, other] = [await anAgent(api), await anAgent(api)];
    const [own, hidden] = await Promise.all([mine, other].map(({ id }) => created(api.post('/crm/customers', { customer_id: unique('C'), owner_agent_id: id }))));
    const [ofOwn, ofHidden, ofNobody] = [await anOrder({ customer_id: own!['customer_id'] }), await anOrder({ customer_id: hidden!['customer_id'] }), await anOrder()];
    const { as } = await anApplication(app, { data_scope: { agent_ids: [mine.id] } });
    const listed = await found(as, '');
    expect([ofOwn, ofHidden, ofNobody].map(({ order_id }) => listed.includes(order_id))).toEqual([true, false, true]);
    const path = `/crm/orders/${ofHidden['order_id']}`;
    const answers = [await as.get(path), await as.put(path, { status: 'x' }), await as.delete(path), await as.put(`/crm/orders/${ofOwn['order_id']}`, { customer_id: hidden!['customer_id'] })];
    expect(answers.map(({ body }) => body.code)).toEqual(['order.not_found', 'order.not_found', 'order.not_found', 'customer.not_found']);
    expect((await as.put(`/crm/orders/${ofOwn['order_id']}`, { status: 'x' })).status).toBe(200);
    expect((await api.get(path)).body).toEqual(ofHidden);
  });
});
