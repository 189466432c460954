import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp } from '../support/start-test-app.js';
import type { Answer } from '../support/start-test-app.js';
import { aWorld, anOrganization, expectInvalid, expectProblem, isOperators, operationsOf, pathOf, sendRaw, validBodies } from './rest-routes.js';
import type { Body } from './rest-routes.js';

const app = await startTestApp();
const operations = await operationsOf(app);
const acme = await anOrganization(app, 'acme');
const world = await aWorld(app, acme);
const bodies = validBodies(world);

afterAll(() => app.close());

const ID = /^[a-z]+_[0-9a-z]{26}$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

let made = 0;

/** The table's body, with what has to be unique made so. */
function fresh(operation: string): Body {
  const body = structuredClone(bodies[operation]!.bodies[0]!);
  const number = ++made;
  for (const [name, value] of Object.entries({ username: `agent ${number}`, external_id: `customer-${number}-x`, client_msg_no: `c-${number}`, shortcut: `/s-${number}`, slug: `org-${number}`, ticket_id: `T-${number}-x` })) {
    if (name in body) body[name] = value;
  }
  if (/departments|business-hours/.test(operation)) body.name = `name ${number}`;
  if (body.visitor !== undefined) body.visitor.external_id = `customer-${number}-y`;
  if (body.metadata !== undefined) body.metadata = { number };
  return body;
}

/** Where a resource is made that belongs to an application. */
const placeOf = (resource: string): string => resource.replace('{id}', world.ids['applications.id']!);

async function create(resource: string, changes: Body = {}): Promise<Body> {
  const asleep = resource === '/callbacks' ? { enabled: false } : {};
  const answer = await acme.post(placeOf(resource), { ...fresh(`POST ${resource}`), ...asleep, ...changes });
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

/** Without those about callbacks, which happen by themselves. */
async function eventsSince(position: number): Promise<Body[]> {
  const { data } = (await acme.get('/events?sort=-position&limit=100')).body;
  return data.filter((event: Body) => event.position > position && !event.event.startsWith('callback.')).toReversed();
}

async function position(): Promise<number> {
  return (await acme.get('/events?sort=-position&limit=1')).body.data[0].position;
}

const RESOURCES = ['/agents', '/visitors', '/conversations', '/messages', '/callbacks', '/applications', '/tickets', '/departments', '/business-hours', '/canned-replies'];

describe.each(RESOURCES)('POST %s', (resource) => {
  it('answers 201 with Location, ETag and the whole resource', async () => {
    const answer = await acme.post(resource, fresh(`POST ${resource}`));
    expect(answer.status, answer.text).toBe(201);
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    const location = answer.headers.get('location')!;
    expect(location).toBe(`/api/v1${resource}/${answer.body.id}`);
    const { secret, ...resourceItself } = answer.body;
    expect(secret === undefined).toBe(resource !== '/callbacks');
    const got = await acme.get(`/${location}`);
    expect(got.status).toBe(200);
    expect(got.body).toEqual(resourceItself);
    expect(Object.keys(got.body)).toEqual(Object.keys(resourceItself));
    expect(got.headers.get('etag')).toMatch(/^"[\x21\x23-\x7e]+"$/);
    expect(answer.headers.get('etag')).toBe(got.headers.get('etag'));
    const listed = (await acme.get(`${resource}?limit=1`)).body.data[0];
    expect(listed).toEqual(got.body);
  });

  it('shows every field that it took', async () => {
    const body = fresh(`POST ${resource}`);
    const resourceItself = (await acme.post(resource, body)).body;
    for (const [field, value] of Object.entries(body)) {
      if (['password', 'visitor', 'headers'].includes(field)) expect(resourceItself[field]).toBeUndefined();
      else expect(resourceItself[field], field).toEqual(value);
    }
  });
});

it('POST /organizations answers 201 with Location', async () => {
  const answer = await app.api.post('/organizations', fresh('POST /organizations'));
  expect(answer.status).toBe(201);
  expect(answer.headers.get('location')).toBe(`/api/v1/organizations/${answer.body.id}`);
});

describe('every answer', () => {
  const GETS = operations.filter(({ method }) => method === 'GET');

  function check(value: unknown, key: string, path: string): void {
    if (Array.isArray(value)) value.forEach((item) => check(item, key, `${path}[]`));
    else if (typeof value === 'object' && value !== null) {
      for (const [name, inner] of Object.entries(value)) {
        expect(name, path).toMatch(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/);
        if (!['metadata', 'response_headers', 'content'].includes(name)) check(inner, name, `${path}.${name}`);
      }
    } else if (key.endsWith('_at') || ['assigned_at', 'closed_at'].includes(key)) {
      if (value !== null) expect(value, path).toMatch(INSTANT);
    } else if ((key === 'id' || key.endsWith('_id')) && !['external_id', 'customer_id', 'order_id', 'ticket_id'].includes(key) && value !== null) {
      expect(value, path).toMatch(ID);
    }
  }

  it.each(GETS)('GET $path is in snake_case, with ids and instants as all others', async (operation) => {
    const answer = await (isOperators(operation) ? app.api : acme).get(pathOf(operation, world));
    expect(answer.status, answer.text).toBe(200);
    check(answer.body, '', operation.path);
  });

  it('of a caller that is an agent as well', async () => {
    const li = await app.login('li', 'password of li', 'acme');
    for (const { scope, ...operation } of GETS) {
      const answer = await li.get(pathOf({ scope, ...operation }, world));
      if (answer.status === 403) expectProblem(answer, 403, operation.path.startsWith('/organizations') ? /^organization\.\w+_only$/ : 'auth.scope_missing');
      else check(answer.body, '', operation.path);
    }
  });

  it('names the time of events in Unix seconds', async () => {
    const { data } = (await acme.get('/events?limit=100')).body;
    for (const event of data) {
      expect(Number.isInteger(event.timestamp)).toBe(true);
      expect(Math.abs(event.timestamp * 1000 - Date.now())).toBeLessThan(600_000);
    }
  });

  it('gives back text and JSON as they came', async () => {
    const texts = ['👋🏽 मनीष 张三 שלום', ' space at both ends ', 'line\nbreak\ttab', '\u0001\u007f\u2028', 'e\u0301', 'é', '%_\\\'"`;--', '\ufeffmark', '𝒳'.repeat(200), '🏳️‍🌈'];
    for (const name of texts) {
      const visitor = await create('/visitors', { name, tags: [name.slice(0, 20)], metadata: { [name.slice(0, 20)]: name } });
      expect((await acme.get(`/visitors/${visitor.id}`)).body).toMatchObject({ name, tags: [name.slice(0, 20)], metadata: { [name.slice(0, 20)]: name } });
    }
    const metadata = { '': 0, z: 1, a: [[], {}, null, true], constructor: 1, n: [0.1, 1e21, -1.5e-7, 9007199254740991], '10': 'ten', '2': 'two', deep: { a: { b: { c: ['d'] } } } };
    const { id } = await create('/visitors', { metadata });
    expect((await acme.get(`/visitors/${id}`)).body.metadata).toEqual(metadata);
  });

  it('takes what is just long enough', async () => {
    const emoji = '👋';
    const visitor = await create('/visitors', {
      name: emoji.repeat(200), mobile: emoji.repeat(40), visitor_type: emoji.repeat(64), customer_id: emoji.repeat(191), push_info: emoji.repeat(255), my_data: emoji.repeat(2000),
      external_id: emoji.repeat(191), tags: [emoji.repeat(100)], avatar_url: `https://example.com/${'x'.repeat(1980)}`,
    });
    expect((await acme.get(`/visitors?external_id=${encodeURIComponent(emoji.repeat(191))}`)).body.data[0]).toEqual(visitor);
    const agent = await create('/agents', { username: emoji.repeat(100), nickname: emoji.repeat(200), department: emoji.repeat(100), skills: [emoji.repeat(64)] });
    expect((await acme.get(`/agents/${agent.id}`)).body).toEqual(agent);
    const conversation = await create('/conversations', { channel: emoji.repeat(64), subject: emoji.repeat(500), category: emoji.repeat(100), department: emoji.repeat(100) });
    expect((await acme.get(`/conversations/${conversation.id}`)).body).toEqual(conversation);
    const message = await create('/messages', { client_msg_no: emoji.repeat(100), content: 'x'.repeat(20_000) });
    expect((await acme.get(`/messages/${message.id}`)).body).toEqual(message);
  });
});

describe('X-Request-Id', () => {
  it.each(['a', 'trace-1', '4bf92f3577b34da6a3ce929d0e0e4736', 'A.b:c_d-e', 'x'.repeat(128)])('%s is taken and echoed', async (id) => {
    for (const path of ['/agents', '/agents/nothing', '/nothing', '/agents/%ZZ', `/agents/${'x'.repeat(3000)}`]) {
      const answer = await sendRaw(acme, { method: 'GET', path, headers: { 'x-request-id': id } });
      expect(answer.headers.get('x-request-id')).toBe(id);
      if (answer.status >= 400) expect(answer.body.request_id).toBe(id);
    }
  });

  it.each(['', ' ', 'two words', 'x'.repeat(129), 'a"b', '<b>', '{"a":1}', 'a,b', '%0d%0aX-Evil: 1', '\u00e9'])('%j is replaced', async (id) => {
    const answer = await sendRaw(acme, { method: 'GET', path: '/agents/nothing', headers: { 'x-request-id': id } });
    expect(answer.headers.get('x-request-id')).toMatch(/^req_[0-9a-z]{26}$/);
    expect(answer.body.request_id).toBe(answer.headers.get('x-request-id'));
  });

  it('is made for each request, refused ones too', async () => {
    const answers = await Promise.all([acme.get('/agents'), acme.get('/agents'), acme.get('/nothing'), acme.post('/agents', '{'), app.as({}).get('/agents'), acme.send('PATCH', '/agents')]);
    const ids = answers.map(({ headers }) => headers.get('x-request-id'));
    for (const id of ids) expect(id).toMatch(/^req_[0-9a-z]{26}$/);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

/** Field by field: a new value, and what else may follow from it. */
const CHANGES: Record<string, Record<string, { value: unknown; follows?: string[] }>> = {
  '/agents': {
    username: { value: 'someone else' }, password: { value: 'another password' }, nickname: { value: 'Nick' }, email: { value: 'a@example.com' }, mobile: { value: '1' },
    avatar_url: { value: 'https://example.com/2.png' }, role: { value: 'supervisor' }, department: { value: 'sales' }, skills: { value: ['x', 'y'] },
    max_conversations: { value: 0 }, status: { value: 'away' }, enabled: { value: false },
  },
  '/visitors': {
    external_id: { value: 'somebody-else' }, name: { value: 'Bob' }, email: { value: 'b@example.com' }, mobile: { value: '2' }, avatar_url: { value: 'https://example.com/3.png' },
    language: { value: 'de' }, visitor_type: { value: 'guest' }, tags: { value: [] }, metadata: { value: { a: 1 } }, customer_id: { value: 'C-2' }, push_info: { value: 'p' }, my_data: { value: 'd' },
  },
  '/conversations': {
    agent_id: { value: null, follows: ['status', 'assigned_at', 'queue_position', 'estimated_wait_seconds'] }, channel: { value: 'app' }, category: { value: 'c' }, department: { value: 'sales' }, subject: { value: 's' }, priority: { value: 'low' },
    skills: { value: [] }, tags: { value: ['t'] }, metadata: { value: {} }, status: { value: 'pending', follows: ['accepted_at'] },
  },
  '/messages': { content: { value: 'edited', follows: ['edited_at'] }, metadata: { value: { edited: true } } },
  '/callbacks': {
    url: { value: 'https://other.example.com/' }, events: { value: ['*'] }, format: { value: 'cloudevents' }, headers: { value: { 'x-other': '1' }, follows: ['header_names'] }, timeout_ms: { value: 1000 },
    retry: { value: { schedule_seconds: [1] } }, filter: { value: { departments: [], channels: [] } }, enabled: { value: true }, description: { value: 'd' },
    format_options: { value: {} }, signing: { value: 'hmac' }, batch: { value: { max_items: 2, max_wait_ms: 0 } }, ordering: { value: 'none' },
    rate_limit: { value: { limit: 1, window_seconds: 1 } },
  },
  '/tickets': {
    ticket_id: { value: 'T-other' }, title: { value: 't' }, content: { value: 'c' }, priority: { value: 'low' }, category: { value: 'k' },
    status: { value: 'processing', follows: ['update_time'] }, handler: { value: 'somebody else', follows: ['agent_id'] }, department: { value: 'sales' }, conversation_id: { value: null },
    customer_id: { value: 'C-2' }, due_at: { value: '2098-01-01T00:00:00.000Z' }, tags: { value: ['t'] },
  },
  '/departments': {
    name: { value: 'another name' }, description: { value: 'd' }, is_default: { value: true }, skills: { value: [] }, business_hours_id: { value: null, follows: ['open'] },
    off_hours: { value: 'queue' }, assignment_timeout_seconds: { value: 90 }, inactivity_close_seconds: { value: 90 },
  },
  '/business-hours': {
    name: { value: 'another name' }, time_zone: { value: 'UTC', follows: ['open'] }, weekly: { value: { sunday: [] }, follows: ['open'] }, holidays: { value: [], follows: ['open'] },
  },
  '/canned-replies': { shortcut: { value: '/other' }, title: { value: 'Other' }, content: { value: 'Other.' }, tags: { value: [] } },
  '/applications': {
    name: { value: 'n' }, scopes: { value: ['*'] }, ip_allowlist: { value: [] }, rate_limit: { value: { limit: 1, window_seconds: 1 } },
    data_scope: { value: { departments: [], channels: [], agent_ids: ['agt_1'] } }, enabled: { value: false },
  },
};

const NULLABLE: Record<string, string[]> = {
  '/agents': ['email', 'mobile', 'avatar_url', 'department'],
  '/visitors': ['external_id', 'name', 'email', 'mobile', 'avatar_url', 'language', 'visitor_type', 'customer_id', 'push_info', 'my_data'],
  '/conversations': ['agent_id', 'category', 'department', 'subject'],
  '/messages': [],
  '/callbacks': ['retry', 'batch', 'rate_limit', 'description'],
  '/applications': ['rate_limit', 'data_scope'],
  '/departments': ['description', 'business_hours_id', 'assignment_timeout_seconds', 'inactivity_close_seconds'],
  '/business-hours': [],
  '/canned-replies': [],
  '/tickets': ['content', 'category', 'handler', 'department', 'conversation_id', 'customer_id', 'due_at'],
};

const NOT_SHOWN = ['password', 'headers'];
const UNIQUE = ['username', 'external_id', 'ticket_id', 'name', 'shortcut'];

describe.each(RESOURCES)('PUT %s/{id}', (resource) => {
  const operation = operations.find(({ method, path }) => method === 'PUT' && path === `${resource}/{id}`)!;
  let original: Body;
  let path: string;

  beforeAll(async () => {
    const { secret: _, ...created } = await create(resource);
    original = created;
    path = `${resource}/${original.id}`;
  });

  async function another(): Promise<Body> {
    const { secret: _, ...created } = await create(resource);
    return created;
  }

  it('is tried here with every field', () => {
    expect(Object.keys(CHANGES[resource]!).sort()).toEqual([...operation.bodyFields].sort());
  });

  it.each(Object.entries(CHANGES[resource]!))('%s changes, and nothing else', async (field, { value, follows = [] }) => {
    const before = await another();
    const answer = await acme.put(`${resource}/${before.id}`, { [field]: value });
    expect(answer.status, answer.text).toBe(200);
    expect(Object.keys(answer.body)).toEqual(Object.keys(before));
    if (!NOT_SHOWN.includes(field)) expect(answer.body[field]).toEqual(value);
    for (const name of Object.keys(before)) {
      if (![field, ...follows, 'updated_at'].includes(name)) expect(answer.body[name], name).toEqual(before[name]);
    }
    expect((await acme.get(`${resource}/${before.id}`)).body).toEqual(answer.body);
  });

  it('null clears what may be empty and is refused elsewhere', async () => {
    for (const field of operation.bodyFields) {
      const before = await another();
      const answer = await acme.put(`${resource}/${before.id}`, { [field]: null });
      if (NULLABLE[resource]!.includes(field)) {
        expect(answer.status, answer.text).toBe(200);
        if (field !== 'retry') expect(answer.body[field]).toBeNull();
      } else {
        expectInvalid(answer, field);
        expect((await acme.get(`${resource}/${before.id}`)).body).toEqual(before);
      }
    }
  });

  it('changes nothing and emits nothing when it carries nothing, or what is there already', async () => {
    const same = Object.fromEntries(operation.bodyFields.filter((name) => original[name] !== undefined).map((name) => [name, original[name]]));
    for (const body of [{}, same, undefined]) {
      const at = await position();
      const answer = await acme.put(path, body);
      expect(answer.status, answer.text).toBe(200);
      expect(answer.body).toEqual(original);
      expect(await eventsSince(at)).toEqual([]);
    }
  });

  it('changes nothing when one field of several is wrong', async () => {
    const before = (await acme.get(path)).body;
    const good = Object.fromEntries(Object.entries(CHANGES[resource]!).map(([name, { value }]) => [name, value]));
    for (const bad of [{ no_such_field: 1 }, { metadata: 1, status: 1, url: 1 }]) expectInvalid(await acme.put(path, { ...good, ...bad }));
    expect((await acme.get(path)).body).toEqual(before);
  });
});

describe('a preflight', () => {
  it.each(['GET', 'POST', 'PUT', 'DELETE'])('allows %s and the headers of the API', async (method) => {
    const origin = 'https://desk.example.com';
    const open = await startTestApp({ env: { CORS_ORIGINS: origin } });
    const headers = { origin, 'access-control-request-method': method, 'access-control-request-headers': 'x-api-key,if-match,idempotency-key' };
    const answer = await fetch(`${open.url}/api/v1/agents/x`, { method: 'OPTIONS', headers });
    await open.close();
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
    expect(answer.headers.get('access-control-allow-methods')!.split(/, */)).toContain(method);
    expect(answer.headers.get('access-control-allow-headers')).toBe('x-api-key,if-match,idempotency-key');
  });
});

describe('DELETE', () => {
  it('of an agent answers 204 and disables; again it changes nothing', async () => {
    const agent = await create('/agents');
    const at = await position();
    const first = await acme.delete(`/agents/${agent.id}`);
    expect([first.status, first.text]).toEqual([204, '']);
    const disabled = (await acme.get(`/agents/${agent.id}`)).body;
    expect(disabled).toEqual({ ...agent, enabled: false, status: 'offline', updated_at: disabled.updated_at });
    expect((await eventsSince(at)).map(({ event }) => event)).toEqual(['agent.status_changed', 'agent.deleted']);
    const then = await position();
    expect((await acme.delete(`/agents/${agent.id}`)).status).toBe(204);
    expect((await acme.get(`/agents/${agent.id}`)).body).toEqual(disabled);
    expect(await eventsSince(then)).toEqual([]);
  });

  it('of a conversation answers 200 with it closed; again it changes nothing', async () => {
    const conversation = await create('/conversations');
    const at = await position();
    const first = await acme.delete(`/conversations/${conversation.id}`);
    expect(first.status).toBe(200);
    expect(first.body).toMatchObject({ id: conversation.id, status: 'closed', closed_at: expect.stringMatching(INSTANT), closed_by: expect.stringMatching(/^key_/) });
    expect((await eventsSince(at)).map(({ event }) => event)).toContain('conversation.closed');
    const then = await position();
    const again = await acme.delete(`/conversations/${conversation.id}`);
    expect([again.status, again.body, again.headers.get('etag')]).toEqual([200, first.body, first.headers.get('etag')]);
    expect(await eventsSince(then)).toEqual([]);
  });

  it('of a message answers 200 with what is left of it; again it changes nothing', async () => {
    const message = await create('/messages');
    const at = await position();
    const first = await acme.delete(`/messages/${message.id}`);
    expect(first.status).toBe(200);
    expect(first.body).toEqual({ ...message, content: null, metadata: {}, deleted_at: expect.stringMatching(INSTANT) });
    expect((await eventsSince(at)).map(({ event }) => event)).toEqual(['message.deleted']);
    const then = await position();
    const again = await acme.delete(`/messages/${message.id}`);
    expect([again.status, again.body]).toEqual([200, first.body]);
    expect(await eventsSince(then)).toEqual([]);
    expectProblem(await acme.put(`/messages/${message.id}`, { content: 'x' }), 409, 'message.recalled');
    expect((await acme.get(`/messages/${message.id}`)).body).toEqual(first.body);
  });

  it('of a callback answers 204, and then it is gone', async () => {
    const callback = await create('/callbacks');
    const first = await acme.delete(`/callbacks/${callback.id}`);
    expect([first.status, first.text]).toEqual([204, '']);
    for (const answer of [await acme.get(`/callbacks/${callback.id}`), await acme.delete(`/callbacks/${callback.id}`), await acme.put(`/callbacks/${callback.id}`, {})]) {
      expectProblem(answer, 404, 'callback.not_found');
    }
  });
});

describe('ETag', () => {
  it('of a conversation stays when messages arrive', async () => {
    const conversation = await create('/conversations');
    const path = `/conversations/${conversation.id}`;
    const etag = (await acme.get(path)).headers.get('etag')!;
    for (let count = 1; count <= 3; count++) await create('/messages', { conversation_id: conversation.id, sender: { type: 'visitor' } });
    const now = await acme.get(path);
    expect(now.body).toMatchObject({ message_count: 3, unread_count: 3 });
    expect(now.headers.get('etag')).toBe(etag);
    const changed = await acme.put(path, { subject: 'other' }, { 'if-match': etag });
    expect(changed.status).toBe(200);
    expect(changed.headers.get('etag')).not.toBe(etag);
    expect(changed.headers.get('etag')).toBe((await acme.get(path)).headers.get('etag'));
  });

  it.each(RESOURCES)('of %s changes with each writable field that is shown, and comes back with its value', async (resource) => {
    for (const [field, change] of Object.entries(CHANGES[resource]!)) {
      const path = `${resource}/${(await create(resource)).id}`;
      const before = await acme.get(path);
      const value = UNIQUE.includes(field) ? `${change.value as string}-again` : change.value;
      if (NOT_SHOWN.includes(field) || JSON.stringify(before.body[field]) === JSON.stringify(value)) continue;
      const after = await acme.put(path, { [field]: value });
      expect(after.status, after.text).toBe(200);
      expect(after.headers.get('etag'), field).not.toBe(before.headers.get('etag'));
      const back = await acme.put(path, { [field]: before.body[field] });
      expect(back.headers.get('etag'), field).toBe(before.headers.get('etag'));
    }
  });
});

const MATCHED: { method: 'PUT' | 'DELETE'; resource: string; suffix?: string; body?: Body; success: number }[] = [
  { method: 'PUT', resource: '/agents', body: { nickname: 'changed' }, success: 200 },
  { method: 'PUT', resource: '/agents', suffix: '/status', body: { status: 'busy' }, success: 200 },
  { method: 'PUT', resource: '/visitors', body: { name: 'changed' }, success: 200 },
  { method: 'PUT', resource: '/conversations', body: { subject: 'changed' }, success: 200 },
  { method: 'PUT', resource: '/messages', body: { content: 'changed' }, success: 200 },
  { method: 'PUT', resource: '/callbacks', body: { description: 'changed' }, success: 200 },
  { method: 'DELETE', resource: '/agents', success: 204 },
  { method: 'DELETE', resource: '/visitors', success: 204 },
  { method: 'DELETE', resource: '/conversations', success: 200 },
  { method: 'DELETE', resource: '/messages', success: 200 },
  { method: 'DELETE', resource: '/callbacks', success: 204 },
  { method: 'PUT', resource: '/tickets', body: { title: 'changed' }, success: 200 },
  { method: 'DELETE', resource: '/tickets', success: 204 },
  { method: 'PUT', resource: '/canned-replies', body: { title: 'changed' }, success: 200 },
  { method: 'DELETE', resource: '/canned-replies', success: 204 },
  { method: 'PUT', resource: '/departments', body: { description: 'changed' }, success: 200 },
  { method: 'DELETE', resource: '/departments', success: 204 },
  { method: 'PUT', resource: '/business-hours', body: { holidays: [{ date: '2026-05-01' }] }, success: 200 },
  { method: 'DELETE', resource: '/business-hours', success: 204 },
  { method: 'PUT', resource: '/applications', body: { name: 'changed' }, success: 200 },
  { method: 'DELETE', resource: '/applications', success: 204 },
  { method: 'PUT', resource: '/applications/{id}/oauth-client', body: { name: 'changed' }, success: 200 },
  { method: 'DELETE', resource: '/applications/{id}/oauth-client', success: 204 },
];

describe('If-Match', () => {
  it('is tried here on every route that honours it', () => {
    const tried = MATCHED.map(({ method, resource, suffix = '' }) => `${method} ${resource}/{${resource.endsWith('oauth-client') ? 'client_id' : 'id'}}${suffix}`);
    // Organizations are not made by one another, and a PUT makes customers and orders: tried where those are changed.
    const elsewhere = (path: string): boolean => path === '/organizations/{id}' || path.startsWith('/crm/');
    const known = operations.filter(({ takesIfMatch, path }) => takesIfMatch && !elsewhere(path)).map(({ method, path }) => `${method} ${path}`);
    expect(tried.sort()).toEqual(known.sort());
  });

  it.each(MATCHED)('on $method $resource/{id}, $suffix', async ({ method, resource, suffix = '', body, success }) => {
    const { id } = await create(resource);
    const path = `${placeOf(resource)}/${id}`;
    const before = await acme.get(path);
    const etag = before.headers.get('etag')!;
    const send = (ifMatch: string): Promise<Answer> => acme.send(method, path + suffix, body, { 'if-match': ifMatch });

    const at = await position();
    for (const other of ['"other"', `W/${etag}`, `W/${etag}, "other"`, etag.slice(1, -1), etag.toUpperCase(), `"${etag}"`, '"*"', 'W/*', '""', 'nonsense', ',', `"x${etag}`]) {
      expectProblem(await send(other), 412, 'request.precondition_failed', `/api/v1${path}${suffix}`);
    }
    expect((await acme.get(path)).body).toEqual(before.body);
    expect(await eventsSince(at)).toEqual([]);

    expect((await send(`"other", ${etag}`)).status).toBe(success);
    if (success === 204 && resource !== '/agents') expectProblem(await send('*'), 404);
    else {
      expectProblem(await send(etag), 412);
      expect((await send('*')).status).toBe(success);
      expect((await send(` * `)).status).toBe(success);
    }
    expectProblem(await acme.send(method, `${placeOf(resource)}/${world.ids['events.id']}${suffix}`, body, { 'if-match': '*' }), 404);
  });

  it.each(RESOURCES)('lets one of many %s changes at once win', async (resource) => {
    const { id } = await create(resource);
    const etag = (await acme.get(`${resource}/${id}`)).headers.get('etag')!;
    const field = { '/agents': 'nickname', '/visitors': 'name', '/conversations': 'subject', '/messages': 'content', '/callbacks': 'description', '/applications': 'name', '/tickets': 'title', '/departments': 'description', '/business-hours': 'name', '/canned-replies': 'title' }[resource]!;
    const answers = await Promise.all(Array.from({ length: 16 }, (_, index) => acme.put(`${resource}/${id}`, { [field]: `by ${index}` }, { 'if-match': etag })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 412)).toHaveLength(15);
    expect((await acme.get(`${resource}/${id}`)).body[field]).toBe(answers.find(({ status }) => status === 200)!.body[field]);
  });
});
