import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aLogin, anAgent, anApplication, anOrganization, created, during, tally, unique } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { startTestApp } from '../support/start-test-app.js';
import type { Caller, TestApp } from '../support/start-test-app.js';

/** As the document prints it that asks for this interface. */
const PRINTED = '{ "customer_id": "xxx", "name": "张三", "phone": "13800138000", "level": "VIP", "tags": ["重要客户"] }';

let app: TestApp;
let api: Caller;

beforeAll(async () => {
  app = await startTestApp();
  api = app.api;
}, 60_000);

afterAll(() => app.close());

function aCustomer(over: Record<string, unknown> = {}, as: Caller = api): Promise<Resource> {
  return created(as.post('/crm/customers', { customer_id: unique('C'), ...over }));
}

async function found(as: Caller, query: string): Promise<string[]> {
  const { body, text } = await as.get(`/crm/customers?limit=100&${query}`);
  return body.data?.map(({ customer_id }: Resource) => customer_id) ?? [text];
}

describe('a customer', () => {
  it('is taken as it is printed, and known the second time', async () => {
    const first = await api.post('/crm/customers', PRINTED);
    expect(first.status, first.text).toBe(201);
    expect(first.headers.get('location')).toBe('/api/v1/crm/customers/xxx');
    expect(first.body).toEqual({
      id: expect.stringMatching(/^cus_[0-9a-z]{26}$/), customer_id: 'xxx', name: '张三', phone: '13800138000', email: null, level: 'VIP', tags: ['重要客户'], metadata: {},
      owner_agent_id: null, created_at: expect.any(String), updated_at: expect.any(String),
    });
    const { answer: second, events } = await during(api, () => api.post('/crm/customers', PRINTED));
    expect([second.status, second.body]).toEqual([200, first.body]);
    expect(events).toEqual([]);
    expect((await api.get('/crm/customers/xxx')).body).toEqual(first.body);
  });

  it('is told of when it is made, changed and deleted, and not when nothing changes', async () => {
    const id = unique('C');
    const { answer, events } = await during(api, async () => {
      const made = await aCustomer({ customer_id: id, name: 'Ada', metadata: { a: 1, b: [2] } });
      await api.post('/crm/customers', { customer_id: id, level: 'gold' });
      await api.put(`/crm/customers/${id}`, { level: 'gold', metadata: { b: [2], a: 1 } });
      await api.put(`/crm/customers/${id}`, {});
      await api.put(`/crm/customers/${id}`, { name: null, tags: ['a', 'b'] });
      expect((await api.delete(`/crm/customers/${id}`)).status).toBe(204);
      return made;
    });
    expect(events.map(({ event, data }) => [event, data['customer_id'], data['changed']])).toEqual([
      ['customer.created', id, undefined], ['customer.updated', id, ['level']], ['customer.updated', id, ['name', 'tags']], ['customer.deleted', id, undefined],
    ]);
    expect(events[0]!.data['customer']).toEqual(answer);
    expect(events[2]!.data['customer']).toMatchObject({ id: answer.id, name: null, level: 'gold', tags: ['a', 'b'] });
    for (const gone of [await api.get(`/crm/customers/${id}`), await api.delete(`/crm/customers/${id}`)]) expect([gone.status, gone.body.code]).toEqual([404, 'customer.not_found']);
    expect((await api.get(`/audit-logs?target_id=${answer.id}`)).body.data).toMatchObject([{ action: 'customer.deleted', actor_kind: 'api_key', address: '127.0.0.1', details: { customer_id: id } }]);
  });

  it('is made by PUT too, under whatever id', async () => {
    const id = 'A/b ü张?#%';
    const path = `/crm/customers/${encodeURIComponent(id)}`;
    const made = await api.put(path, { customer_id: id, name: 'Ada' });
    expect([made.status, made.body.customer_id, made.body.name]).toEqual([200, id, 'Ada']);
    expect(made.headers.get('location')).toBe(`/api/v1${path}`);
    expect((await api.get(path)).body).toEqual(made.body);
    const other = await api.put(path, { customer_id: 'another' });
    expect([other.status, other.body.errors[0].field]).toEqual([422, 'customer_id']);
    const long = await api.put(`/crm/customers/${'x'.repeat(192)}`, {});
    expect([long.status, long.body.errors[0]]).toEqual([422, expect.objectContaining({ field: 'customer_id', code: 'max_length' })]);
  });

  it('is changed only as it was read, where that is asked for', async () => {
    const { customer_id } = await aCustomer();
    const path = `/crm/customers/${customer_id}`;
    const etag = (await api.get(path)).headers.get('etag')!;
    expect((await api.put(path, { level: 'A' }, { 'if-match': etag })).status).toBe(200);
    expect((await api.put(path, { level: 'B' }, { 'if-match': etag })).body.code).toBe('request.precondition_failed');
    expect((await api.put(`/crm/customers/${unique('C')}`, { level: 'B' }, { 'if-match': etag })).status).toBe(412);
    expect((await api.delete(path, { 'if-match': etag })).status).toBe(412);
    expect((await api.get(path)).body.level).toBe('A');
  });

  it('is refused with what is wrong, and nothing is stored', async () => {
    const id = unique('C');
    for (const [body, field] of [
      [{}, 'customer_id'], [{ customer_id: '' }, 'customer_id'], [{ customer_id: 5 }, 'customer_id'], [{ customer_id: id, colour: 1 }, 'colour'], [{ customer_id: id, email: 'none' }, 'email'],
      [{ customer_id: id, tags: [1] }, 'tags'], [{ customer_id: id, owner_agent_id: 'agt_00000000000000000000000000' }, 'owner_agent_id'],
    ] as const) {
      const answer = await api.post('/crm/customers', body);
      expect([answer.status, answer.body.errors?.[0].field], answer.text).toEqual([422, field]);
    }
    expect((await api.get(`/crm/customers/${id}`)).status).toBe(404);
  });

  it('stays in its organization', async () => {
    const other = await anOrganization(app);
    const { customer_id, id } = await aCustomer({ name: 'Here' });
    expect((await other.api.get(`/crm/customers/${customer_id}`)).status).toBe(404);
    const there = await aCustomer({ customer_id, name: 'There' }, other.api);
    expect(there.id).not.toBe(id);
    expect((await api.get(`/crm/customers/${customer_id}`)).body.name).toBe('Here');
    expect(await found(other.api, '')).toEqual([customer_id]);
  });

  it('is one, however many write it at once, and has what the last one wrote', async () => {
    const id = unique('C');
    const { answer: answers, events } = await during(api, () => Promise.all(Array.from({ length: 24 }, (_, index) => api.post('/crm/customers', { customer_id: id, level: `L${index}` }))));
    expect(tally(answers)).toEqual({ 200: 23, 201: 1 });
    const { body } = await api.get(`/crm/customers/${id}`);
    const last = events.at(-1)!;
    expect(last.data['customer']).toEqual(body);
    expect(events.map(({ event }) => event)).toEqual(['customer.created', ...Array.from({ length: 23 }, () => 'customer.updated')]);
    expect(new Set(events.map(({ data }) => data['customer'].level)).size).toBe(24);
  });
});

describe('the list of customers', () => {
  it('is filtered by what customers have', async () => {
    const { api: there } = await anOrganization(app);
    const owner = await anAgent(there);
    await aCustomer({ customer_id: 'one', name: '张三', phone: '+86 138-0013-8000', email: 'Zhang.San@Example.com', level: 'VIP', tags: ['重要客户', 'a'] }, there);
    await aCustomer({ customer_id: 'two', name: '张四', phone: '010 8888', level: 'VIP', owner_agent_id: owner.id, tags: ['a'] }, there);
    await aCustomer({ customer_id: 'three', name: 'Ada Lovelace', phone: 'none', email: 'ada@example.com' }, there);
    const now = new Date().toISOString();
    const expected: Record<string, string[]> = {
      'level=VIP': ['two', 'one'], 'level=vip': [], 'tag=a': ['two', 'one'], 'tag=重要客户': ['one'], 'tag=重要': [], [`owner_agent_id=${owner.id}`]: ['two'],
      'phone=%2B8613800138000': ['one'], 'phone=0108888': ['two'], 'phone=none': ['three'], 'email=zhang.san@example.com': ['one'], 'name=张四': ['two'], 'q=张': ['two', 'one'],
      'q=ada': ['three'], 'q=ADA LOVE': ['three'], 'q=lovelace': [], 'q=%2B86 138': ['one'], 'q=zhang': ['one'], 'q=tw': ['two'], 'q=%25': [], 'q=张&level=VIP&tag=重要客户': ['one'],
      [`updated_since=${now}`]: [], 'updated_since=2020-01-01T00:00:00Z&sort=updated_at': ['one', 'two', 'three'],
    };
    for (const [query, ids] of Object.entries(expected)) expect([query, await found(there, query)]).toEqual([query, ids]);
    await there.put('/crm/customers/one', { tags: ['b'], phone: null, name: 'Bob' });
    await there.delete('/crm/customers/two');
    for (const [query, ids] of Object.entries({ 'tag=a': [], 'tag=b': ['one'], 'q=张': [], 'q=bob': ['one'], 'phone=%2B8613800138000': [] })) expect([query, await found(there, query)]).toEqual([query, ids]);
  });
});

describe('the beginning of a customer', () => {
  it('is found in the spelling of its phone or another one, and in that of its id', async () => {
    const { api: there } = await anOrganization(app);
    await aCustomer({ customer_id: 'C-1001', phone: '0086 138/0013 8000' }, there);
    for (const q of ['0086 138', '0086 138/0013', '+86138', '００86', '+86 (138)', 'C-10']) expect([q, await found(there, `q=${encodeURIComponent(q)}`)]).toEqual([q, ['C-1001']]);
    for (const q of ['c-10', '138']) expect([q, await found(there, `q=${q}`)]).toEqual([q, []]);
  });
});

describe('who may', () => {
  it('reads as an agent, and writes as a supervisor', async () => {
    const { customer_id } = await aCustomer();
    const agent = await aLogin(app);
    const supervisor = await aLogin(app, { role: 'supervisor', department: 'support' });
    expect((await agent.as.get(`/crm/customers/${customer_id}`)).status).toBe(200);
    expect((await agent.as.put(`/crm/customers/${customer_id}`, { level: 'A' })).body.code).toBe('auth.scope_missing');
    expect((await supervisor.as.put(`/crm/customers/${customer_id}`, { level: 'A' })).status).toBe(200);
  });

  it('sees, as an application for some agents, their customers and those of nobody', async () => {
    const [mine, other] = [await anAgent(api), await anAgent(api)];
    const [own, hidden, free] = [await aCustomer({ owner_agent_id: mine.id }), await aCustomer({ owner_agent_id: other.id }), await aCustomer()];
    const { as } = await anApplication(app, { data_scope: { agent_ids: [mine.id] } });
    const listed = await found(as, '');
    expect([own, hidden, free].map(({ customer_id }) => listed.includes(customer_id))).toEqual([true, false, true]);
    const path = `/crm/customers/${hidden['customer_id']}`;
    const answers = [await as.get(path), await as.put(path, { name: 'x' }), await as.delete(path), await as.post('/crm/customers', { customer_id: hidden['customer_id'], name: 'x' })];
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual(Array.from({ length: 4 }, () => [404, 'customer.not_found']));
    const batch = await as.post('/crm/customers/batch', { customers: [{ customer_id: hidden['customer_id'], name: 'x' }, { customer_id: own['customer_id'], name: 'y' }] });
    expect(batch.body.data).toMatchObject([{ status: 'invalid', errors: [{ code: 'customer.not_found' }] }, { status: 'updated', errors: [] }]);
    expect((await api.get(path)).body).toEqual(hidden);
  });

  it('gives no customer to another agent, as an application for some agents', async () => {
    const [mine, other] = [await anAgent(api), await anAgent(api)];
    const { as } = await anApplication(app, { data_scope: { agent_ids: [mine.id] } });
    const own = await aCustomer({ owner_agent_id: mine.id });
    const [path, made] = [`/crm/customers/${own['customer_id']}`, unique('C')];
    const given = { owner_agent_id: other.id };
    const answers = [await as.post('/crm/customers', { customer_id: made, ...given }), await as.put(`/crm/customers/${made}`, given), await as.put(path, given)];
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual(Array.from({ length: 3 }, () => [403, 'customer.data_scope_exceeded']));
    const batch = await as.post('/crm/customers/batch', { customers: [{ customer_id: made, ...given }, { customer_id: own['customer_id'], ...given }, { customer_id: unique('C'), owner_agent_id: mine.id }] });
    const refused = { status: 'invalid', errors: [{ field: '', code: 'customer.data_scope_exceeded' }] };
    expect(batch.body.data).toMatchObject([refused, refused, { status: 'created', errors: [] }]);
    expect((await api.get(`/crm/customers/${made}`)).status).toBe(404);
    expect((await api.get(path)).body).toEqual(own);
    expect((await as.put(path, { name: 'x', owner_agent_id: null })).body).toMatchObject({ name: 'x', owner_agent_id: null });
  });
});
