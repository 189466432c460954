import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VisitorPresence } from '../../src/modules/visitors/visitor-presence.contract.js';
import { startCallbackSink } from '../support/callback-sink.js';
import { startTestApp } from '../support/start-test-app.js';
import type { Caller } from '../support/start-test-app.js';
import { anOrganization, listsAmong, operationsOf } from './rest-routes.js';
import type { Body } from './rest-routes.js';

const ROWS = 45;

const app = await startTestApp();
const operations = await operationsOf(app);
const acme = await anOrganization(app, 'acme');
const sink = await startCallbackSink();
const agent = await made(acme, '/agents', { username: 'li', status: 'online', max_conversations: 1000, department: 'support' });
const conversation = await made(acme, '/conversations', { visitor: { external_id: 'talker' }, agent_id: agent.id });
const callback = await made(acme, '/callbacks', { url: sink.url, events: ['message.*'] });
const application = await made(acme, '/applications', { name: 'Orders', scopes: ['*'] });
const hours = await made(acme, '/business-hours', { name: 'hours', time_zone: 'UTC', weekly: {} });
const handed = await made(acme, '/conversations', { visitor: { external_id: 'handed' }, agent_id: agent.id });
const ticket = await made(acme, '/tickets', { title: 'talked about' });
const tracked = await made(acme, '/visitors', { external_id: 'tracked' });
const organizationId = (await acme.get('/auth/me')).body.organization_id as string;

const CUSTOMER = 'customer-of-lists';
await made(acme, '/crm/customers', { customer_id: CUSTOMER });
const customersVisitor = await made(acme, '/visitors', { external_id: 'visitor-of-customer', customer_id: CUSTOMER });

let number = 0;

afterAll(async () => {
  await sink.close();
  await app.close();
});

async function made(caller: Caller, path: string, body: Body): Promise<Body> {
  const answer = await caller.post(path, body);
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

let recovered: Promise<unknown> = Promise.resolve();

/** One at a time: the one before has to end first. */
function addRecovery(): Promise<unknown> {
  recovered = recovered.then(async () => {
    const answer = await acme.post(`/callbacks/${callback.id}/recover`, { since: new Date(Date.now() - 60_000).toISOString() });
    expect(answer.status, answer.text).toBe(202);
    await app.settle();
  });
  return recovered;
}

const PRIORITIES = ['low', 'normal', 'high', 'urgent'];

interface List {
  /** As in the OpenAPI document. */
  route: string;
  path: string;
  /** Makes one more row. */
  add: () => Promise<unknown>;
  /** Callers' sort names, and what of an item they sort by. */
  sorts: Record<string, (item: Body) => string | number>;
  /** A filter's name, the values to try, and which items it lets through. */
  filters: Record<string, { values: (items: Body[]) => unknown[]; lets: (item: Body, value: any) => boolean }>;
}

const valuesOf = (field: string) => ({
  values: (items: Body[]) => [...new Set(items.map((item) => item[field]))].filter((value) => value !== null).slice(0, 5),
  lets: (item: Body, value: unknown) => item[field] === value,
});
const flag = (field: string) => ({ values: () => [true, false], lets: (item: Body, value: unknown) => item[field] === value });
const createdAt = (item: Body): string => item.created_at;
/** What has no such instant is let through by neither. */
const sinceAndUntil = (field: string, name: string): List['filters'] => {
  const values = (items: Body[]): string[] => [items[10]!, items[0]!].map((item) => item[field]).filter((value) => value !== null).concat('2000-01-01T00:00:00Z');
  return {
    [`${name}_since`]: { values, lets: (item, value) => item[field] !== null && item[field] >= value },
    [`${name}_until`]: { values, lets: (item, value) => item[field] !== null && item[field] < value },
  };
};
const betweenInstants: List['filters'] = {
  since: { values: (items) => [items[10]!.created_at, items.at(-1)!.created_at, '2100-01-01T00:00:00Z'], lets: (item, value) => Date.parse(item.created_at) >= Date.parse(value) },
  until: { values: (items) => [items[10]!.created_at, items[0]!.created_at, '2000-01-01T00:00:00Z'], lets: (item, value) => Date.parse(item.created_at) < Date.parse(value) },
};

function addMessage(): Promise<Body> {
  const index = ++number;
  const type = index % 3 === 0 ? 'link' : 'text';
  return made(acme, '/messages', {
    conversation_id: conversation.id, sender: index % 2 === 0 ? { type: 'visitor' } : { type: 'bot', id: 'bot' }, type,
    content: type === 'text' ? 'hi' : { url: 'https://example.com' }, client_msg_no: `n-${index}`,
  });
}

async function addConversation(): Promise<void> {
  const index = ++number;
  const { id } = await made(acme, '/conversations', {
    visitor: { external_id: `v-${index % 6}` }, agent_id: index % 2 === 0 ? agent.id : undefined, channel: index % 3 === 0 ? 'web' : 'app', category: `k${index % 2}`,
    department: index % 4 === 0 ? 'nobody here' : 'support', priority: PRIORITIES[index % 4], subject: `Parcel ${index % 3}`, tags: [['a'], ['b', 'a'], ['x,"b'], []][index % 4],
  });
  if (index % 5 === 0) expect((await acme.post(`/conversations/${id}/rating`, { score: 1 + (index % 3) })).status).toBe(200);
  if (index % 7 === 0) expect((await acme.delete(`/conversations/${id}`)).status).toBe(200);
}

function addOrder(): Promise<Body> {
  const index = ++number;
  return made(acme, '/crm/orders', {
    order_id: `O-${index % 7}-${index}`, customer_id: index % 3 === 0 ? 'somebody' : CUSTOMER, amount: `${index}.50`, currency: index % 2 === 0 ? 'CNY' : 'EUR', status: `s${index % 4}`,
    create_time: new Date(Date.UTC(2023, 9, 1 + (index % 9))).toISOString(),
  });
}

const ofMiddle = (field: string) => ({ values: (items: Body[]) => [items[10]![field], items.at(-1)![field]] });
const orderFilters: List['filters'] = {
  status: valuesOf('status'), currency: valuesOf('currency'),
  min_amount: { ...ofMiddle('amount'), lets: (item, value) => Number(item.amount) >= Number(value) },
  max_amount: { ...ofMiddle('amount'), lets: (item, value) => Number(item.amount) <= Number(value) },
  since: { ...ofMiddle('create_time'), lets: (item, value) => item.create_time >= value },
  until: { ...ofMiddle('create_time'), lets: (item, value) => item.create_time < value },
  updated_since: { ...ofMiddle('updated_at'), lets: (item, value) => item.updated_at >= value },
};
const orderSorts: List['sorts'] = { created_at: createdAt, updated_at: (item) => item.updated_at, create_time: (item) => item.create_time };

function addVisitor(): Promise<Body> {
  const index = ++number;
  return made(acme, '/visitors', {
    external_id: `v-${index}`, email: `v${index % 3}@example.com`, mobile: `m${index % 4}`, customer_id: `C-${index % 5}`, name: `n${index % 4}`,
    visitor_type: `t${index % 2}`, tags: [`g${index % 3}`],
  });
}

const visitorFilters: List['filters'] = {
  external_id: valuesOf('external_id'), email: valuesOf('email'), mobile: valuesOf('mobile'), customer_id: valuesOf('customer_id'), name: valuesOf('name'),
  visitor_type: valuesOf('visitor_type'), ...betweenInstants,
  tag: { values: () => ['g0', 'g2', 'g9'], lets: (item, value) => item.tags.includes(value) },
  q: { values: () => ['v1@', 'm2', 'v-1', 'n'], lets: (item, value) => [item.external_id, item.email, item.mobile, item.name].some((text) => text?.startsWith(value)) },
};

const messageFilters: List['filters'] = {
  type: valuesOf('type'),
  sender_type: { values: () => ['visitor', 'bot', 'agent'], lets: (item, value) => item.sender.type === value },
  sender_id: { values: () => ['bot', conversation.visitor_id, 'nobody'], lets: (item, value) => item.sender.id === value },
  ...betweenInstants,
  after_seq: { values: () => [0, 20, 44, 1000], lets: (item, value) => item.seq > value },
  q: { values: () => ['hi', 'HI*', 'example'], lets: (item, value) => item.type === (value === 'example' ? 'link' : 'text') },
};

const LISTS: List[] = [
  {
    route: '/organizations', path: '/organizations',
    add: async () => {
      const index = ++number;
      const { id } = await made(app.api, '/organizations', { slug: `o-${index % 7}-${index}`, name: 'Another' });
      if (index % 3 === 0) expect((await app.api.delete(`/organizations/${id}`)).status).toBe(204);
    },
    sorts: { created_at: createdAt, slug: (item) => item.slug },
    filters: { slug: valuesOf('slug'), closed: { values: () => [true, false], lets: (item, value) => (item.closed_at !== null) === value } },
  },
  {
    route: '/organizations/{id}/api-keys', path: `/organizations/${organizationId}/api-keys`,
    add: () => made(acme, `/organizations/${organizationId}/api-keys`, { name: 'Another' }),
    sorts: { created_at: createdAt },
    filters: {},
  },
  {
    route: '/agents', path: '/agents',
    add: () => made(acme, '/agents', { username: `agent ${String(++number % 7)}-${number} é`, role: number % 2 === 0 ? 'agent' : 'supervisor', status: number % 3 === 0 ? 'online' : 'away', department: number % 2 === 0 ? 'support' : 'sales', enabled: number % 5 !== 0 }),
    sorts: { created_at: createdAt, username: (item) => item.username },
    filters: { status: valuesOf('status'), department: valuesOf('department'), role: valuesOf('role'), username: valuesOf('username'), enabled: flag('enabled') },
  },
  {
    route: '/visitors', path: '/visitors',
    add: addVisitor,
    sorts: { created_at: createdAt },
    filters: { ...visitorFilters, online: flag('online') },
  },
  {
    route: '/visitors/online', path: '/visitors/online',
    add: async () => app.app.get(VisitorPresence).arrived({ id: (await addVisitor()).id, organizationId }),
    sorts: { created_at: createdAt },
    filters: visitorFilters,
  },
  {
    route: '/visitors/{id}/tracks', path: `/visitors/${tracked.id}/tracks`,
    add: () => made(acme, `/visitors/${tracked.id}/tracks`, { url: 'https://shop.example.com/', at: new Date(Date.now() - ++number * 60_000).toISOString() }),
    sorts: { created_at: createdAt, at: (item) => item.at },
    filters: {
      since: { values: (items) => [items[10]!.at, items.at(-1)!.at, '2100-01-01T00:00:00Z'], lets: (item, value) => Date.parse(item.at) >= Date.parse(value) },
      until: { values: (items) => [items[10]!.at, items[0]!.at, '2000-01-01T00:00:00Z'], lets: (item, value) => Date.parse(item.at) < Date.parse(value) },
    },
  },
  {
    route: '/conversations', path: '/conversations',
    add: addConversation,
    sorts: { created_at: createdAt, updated_at: (item) => item.updated_at },
    filters: { status: valuesOf('status'), agent_id: valuesOf('agent_id'), visitor_id: valuesOf('visitor_id'), department: valuesOf('department'), channel: valuesOf('channel'), category: valuesOf('category'), priority: valuesOf('priority'), rating: valuesOf('rating'), closed_reason: valuesOf('closed_reason'), off_hours: flag('off_hours'), tag: { values: () => ['a', 'b', '"b'], lets: ({ tags }, value) => tags.includes(value) }, ...sinceAndUntil('created_at', 'created'), ...sinceAndUntil('closed_at', 'closed'), q: { values: () => ['parcel', 'parcel 1'], lets: ({ subject }, value) => subject?.toLowerCase().startsWith(value) } },
  },
  {
    route: '/tickets', path: '/tickets',
    add: () => made(acme, '/tickets', {
      ticket_id: `t-${++number}`, title: 'Parcel', priority: PRIORITIES[number % 4], category: `k${number % 2}`, status: number % 3 === 0 ? 'open' : 'closed', handler: number % 5 === 0 ? agent.id : number % 5 === 1 ? null : 'wang',
      department: number % 4 === 0 ? 'sales' : 'support', conversation_id: number % 6 === 0 ? null : conversation.id, customer_id: `C-${number % 5}`, tags: [`g${number % 3}`],
      due_at: number % 7 === 0 ? null : new Date(Date.now() + (number % 2 === 0 ? 1 : -1) * number * 3_600_000).toISOString(),
    }),
    sorts: { created_at: createdAt, updated_at: (item) => item.updated_at, due_at: (item) => item.due_at ?? '~' },
    filters: {
      status: valuesOf('status'), priority: valuesOf('priority'), category: valuesOf('category'), handler: valuesOf('handler'), department: valuesOf('department'),
      conversation_id: valuesOf('conversation_id'), visitor_id: valuesOf('visitor_id'), customer_id: valuesOf('customer_id'), ticket_id: valuesOf('ticket_id'), overdue: flag('overdue'),
      unassigned: { values: () => [true, false], lets: ({ handler }, value) => (handler === null) === value },
      tag: { values: () => ['g0', 'g2', 'none'], lets: (item, value) => item.tags.includes(value) },
      ...sinceAndUntil('created_at', 'created'), ...sinceAndUntil('updated_at', 'updated'), ...sinceAndUntil('due_at', 'due'),
    },
  },
  {
    route: '/tickets/{id}/comments', path: `/tickets/${ticket.id}/comments`, add: () => made(acme, `/tickets/${ticket.id}/comments`, { content: `${++number}` }),
    sorts: { created_at: createdAt },
    filters: {},
  },
  {
    route: '/tickets/{id}/history', path: `/tickets/${ticket.id}/history`,
    add: async () => expect((await acme.put(`/tickets/${ticket.id}`, { category: `c${++number}` })).status).toBe(200),
    sorts: { created_at: (item) => item.at },
    filters: {},
  },
  {
    route: '/conversations/{id}/assignments', path: `/conversations/${handed.id}/assignments`,
    add: () => acme.post(`/conversations/${handed.id}/transfer`, { department: `department ${++number}` }),
    sorts: { created_at: createdAt },
    filters: { kind: valuesOf('kind'), agent_id: valuesOf('agent_id') },
  },
  {
    route: '/canned-replies', path: '/canned-replies',
    add: () => {
      const scope = (['organization', 'department', 'agent'] as const)[++number % 3]!;
      const owner = { organization: {}, department: { department: number % 2 === 0 ? 'support' : 'sales' }, agent: { agent_id: agent.id } }[scope];
      return made(acme, '/canned-replies', { scope, ...owner, shortcut: `/s${number}`, title: `Title ${number % 4}`, content: 'x', tags: [`t${number % 3}`] });
    },
    sorts: { created_at: createdAt, updated_at: (item) => item.updated_at, shortcut: (item) => item.shortcut },
    filters: {
      scope: valuesOf('scope'), department: valuesOf('department'), agent_id: valuesOf('agent_id'), shortcut: valuesOf('shortcut'),
      tag: { values: () => ['t0', 't2', 't'], lets: ({ tags }, value) => tags.includes(value) },
      q: { values: () => ['TITLE 1', '/s1', '%'], lets: ({ shortcut, title }, value) => `${shortcut}\n${title}`.toLowerCase().includes(value.toLowerCase()) },
    },
  },
  {
    route: '/departments', path: '/departments',
    add: () => made(acme, '/departments', { name: `d ${++number % 7} ${number}`, business_hours_id: number % 2 === 0 ? null : hours.id, is_default: number === 20 }),
    sorts: { created_at: createdAt, name: (item) => item.name },
    filters: { name: valuesOf('name'), business_hours_id: valuesOf('business_hours_id'), is_default: flag('is_default') },
  },
  {
    route: '/business-hours', path: '/business-hours',
    add: () => made(acme, '/business-hours', { name: `h ${++number % 7} ${number}`, time_zone: 'UTC', weekly: {} }),
    sorts: { created_at: createdAt, name: (item) => item.name },
    filters: { name: valuesOf('name') },
  },
  {
    route: '/crm/customers', path: '/crm/customers',
    add: () => made(acme, '/crm/customers', {
      customer_id: `C-${++number % 7}-${number}`, name: `Name ${number % 5}`, phone: `138001380${10 + (number % 6)}`, email: `c${number % 4}@example.com`, level: `L${number % 3}`,
      tags: [`t${number % 2}`, 'x'], owner_agent_id: number % 2 === 0 ? agent.id : null,
    }),
    sorts: { created_at: createdAt, updated_at: (item) => item.updated_at },
    filters: {
      name: valuesOf('name'), phone: valuesOf('phone'), email: valuesOf('email'), level: valuesOf('level'), owner_agent_id: valuesOf('owner_agent_id'),
      tag: { values: () => ['t0', 'x', 'none'], lets: ({ tags }, value) => tags.includes(value) },
      q: { values: () => ['name 1', 'C-3'], lets: ({ name, customer_id }, value) => name?.toLowerCase().startsWith(value) === true || customer_id.startsWith(value) },
      updated_since: { ...ofMiddle('updated_at'), lets: (item, value) => item.updated_at >= value },
    },
  },
  {
    route: '/crm/customers/{customer_id}/orders', path: `/crm/customers/${CUSTOMER}/orders`, add: addOrder,
    sorts: orderSorts,
    filters: orderFilters,
  },
  {
    route: '/crm/customers/{customer_id}/conversations', path: `/crm/customers/${CUSTOMER}/conversations`,
    add: () => made(acme, '/conversations', { visitor_id: customersVisitor.id, agent_id: ++number % 2 === 0 ? agent.id : undefined }),
    sorts: { created_at: createdAt, updated_at: (item) => item.updated_at },
    filters: { status: valuesOf('status') },
  },
  {
    route: '/crm/customers/{customer_id}/tickets', path: `/crm/customers/${CUSTOMER}/tickets`,
    add: () => made(acme, '/tickets', { title: 'Parcel', customer_id: CUSTOMER }),
    sorts: { created_at: createdAt, updated_at: (item) => item.updated_at, due_at: (item) => item.due_at ?? '~' },
    filters: {},
  },
  {
    route: '/crm/orders', path: '/crm/orders', add: addOrder,
    sorts: orderSorts,
    filters: { ...orderFilters, customer_id: valuesOf('customer_id') },
  },
  {
    route: '/messages', path: '/messages', add: addMessage,
    sorts: { created_at: (item) => item.number, number: (item) => item.number },
    filters: { ...messageFilters, conversation_id: valuesOf('conversation_id'), client_msg_no: valuesOf('client_msg_no') },
  },
  {
    route: '/conversations/{id}/messages', path: `/conversations/${conversation.id}/messages`, add: addMessage,
    sorts: { created_at: (item) => item.seq, seq: (item) => item.seq },
    filters: messageFilters,
  },
  {
    route: '/events', path: '/events', add: addMessage,
    sorts: { position: (item) => item.position },
    filters: {
      event: valuesOf('event'),
      since: { values: (items) => [items[10]!.timestamp, items.at(-1)!.timestamp + 3600].map((seconds) => new Date(seconds * 1000).toISOString()), lets: (item, value) => item.timestamp * 1000 >= Date.parse(value) },
    },
  },
  {
    route: '/callbacks', path: '/callbacks',
    add: () => made(acme, '/callbacks', { url: 'https://receiver.example.com/', events: ['agent.deleted'], enabled: ++number % 2 === 0 }),
    sorts: { created_at: createdAt },
    filters: { enabled: flag('enabled') },
  },
  {
    route: '/applications', path: '/applications',
    add: () => made(acme, '/applications', { name: 'Orders', scopes: ['messages:read'], enabled: ++number % 2 === 0 }),
    sorts: { created_at: createdAt },
    filters: { enabled: flag('enabled') },
  },
  {
    route: '/applications/{id}/api-keys', path: `/applications/${application.id}/api-keys`,
    add: () => made(acme, `/applications/${application.id}/api-keys`, { name: 'Production' }),
    sorts: { created_at: createdAt },
    filters: {},
  },
  {
    route: '/audit-logs', path: '/audit-logs',
    add: () => made(acme, '/applications', { name: 'Orders', scopes: ['messages:read'] }),
    sorts: { created_at: createdAt },
    filters: {
      actor_id: valuesOf('actor_id'), action: valuesOf('action'), target_type: valuesOf('target_type'), target_id: valuesOf('target_id'),
      ...betweenInstants,
    },
  },
  ...['signing-keys', 'oauth-client'].map((credentials): List => ({
    route: `/applications/{id}/${credentials}`, path: `/applications/${application.id}/${credentials}`,
    add: () => made(acme, `/applications/${application.id}/${credentials}`, { name: 'Production' }),
    sorts: { created_at: createdAt },
    filters: {},
  })),
  {
    route: '/callbacks/{id}/deliveries', path: `/callbacks/${callback.id}/deliveries`, add: addMessage,
    sorts: { created_at: createdAt },
    filters: {
      status: valuesOf('status'), event: valuesOf('event'),
      since: { values: (items) => [items[10]!.created_at, items[0]!.created_at, '2100-01-01T00:00:00Z'], lets: (item, value) => Date.parse(item.created_at) >= Date.parse(value) },
    },
  },
  {
    route: '/callbacks/{id}/recoveries', path: `/callbacks/${callback.id}/recoveries`, add: addRecovery,
    sorts: { created_at: createdAt },
    filters: {},
  },
];

async function page(path: string, query: Record<string, unknown> = {}): Promise<Body> {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const text = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString();
  const answer = await (path === '/organizations' ? app.api : acme).get(`${path}?${text}`);
  expect(answer.status, `${path}?${text}: ${answer.text}`).toBe(200);
  expect(Object.keys(answer.body).filter((name) => name !== 'total')).toEqual(['data', 'next_cursor', 'has_more']);
  return answer.body;
}

/** All pages until the end, with something done at the same time as each. */
async function walk(path: string, query: Record<string, unknown>, meanwhile: () => Promise<unknown> = async () => undefined): Promise<Body[]> {
  const items: Body[] = [];
  let cursor: string | undefined;
  for (let pages = 1; ; pages++) {
    const [{ data, next_cursor, has_more }] = await Promise.all([page(path, { ...query, cursor }), meanwhile()]);
    items.push(...data);
    if (!has_more) return items;
    expect(data).toHaveLength(Number(query.limit ?? 20));
    expect(next_cursor).toEqual(expect.any(String));
    cursor = next_cursor;
    expect(pages).toBeLessThan(2000);
  }
}

beforeAll(async () => {
  for (const { add } of LISTS) await Promise.all(Array.from({ length: ROWS }, () => add()));
  await app.settle();
}, 60_000);

it('every list of the API is here, with all of its filters', () => {
  const here = Object.fromEntries(LISTS.map(({ route, filters }) => [route, Object.keys(filters).sort()]));
  const known = Object.fromEntries(
    listsAmong(operations).map(({ path, queryFields }) => [path, queryFields.filter((name) => !['limit', 'cursor', 'sort', 'include_total'].includes(name)).sort()]),
  );
  expect(here).toEqual(known);
});

describe.each(LISTS)('GET $route', ({ route, path, add, sorts, filters }) => {
  const isLog = route === '/events';

  it('gives 20 where nothing is said, and no total', async () => {
    const first = await page(path);
    expect(first.data).toHaveLength(20);
    expect(first.has_more).toBe(true);
    expect('total' in first).toBe(false);
    expect('total' in (await page(path, { include_total: false }))).toBe(false);
  });

  it.each([3, 7, 100])('gives pages of %i', async (limit) => {
    const items = await walk(path, { limit });
    expect(new Set(items.map(({ id }) => id)).size).toBe(items.length);
    expect(items.length).toBeGreaterThanOrEqual(ROWS);
    expect(items.map(({ id }) => id)).toEqual((await walk(path, {})).map(({ id }) => id));
  });

  it('ends with a last page', async () => {
    const { length } = await walk(path, { limit: 100 });
    const all = await page(path, { limit: 100 });
    if (length <= 100) expect(all).toMatchObject({ has_more: false, next_cursor: isLog ? expect.any(String) : null });
    const divisor = Array.from({ length: 99 }, (_, index) => 100 - index).find((limit) => limit < length && length % limit === 0)!;
    expect(await walk(path, { limit: divisor })).toHaveLength(length);
  });

  it('counts all of it, on every page', async () => {
    const { length } = await walk(path, { limit: 100 });
    const first = await page(path, { limit: 3, include_total: true });
    expect(first.total).toBe(length);
    expect((await page(path, { limit: 3, include_total: true, cursor: first.next_cursor })).total).toBe(length);
  });

  const orders = Object.keys(sorts).flatMap((name) => [name, `-${name}`]);

  it.each(orders)('is sorted by %s', async (sort) => {
    const items = await walk(path, { limit: 10, sort });
    const key = sorts[sort.replace('-', '')]!;
    const direction = sort.startsWith('-') ? -1 : 1;
    for (let index = 1; index < items.length; index++) {
      expect(compare(key(items[index - 1]!), key(items[index]!)) * direction, `${index} by ${sort}`).toBeLessThanOrEqual(0);
    }
    const opposite = await walk(path, { limit: 10, sort: direction === 1 ? `-${sort}` : sort.slice(1) });
    expect(opposite.map(({ id }) => id).toReversed()).toEqual(items.map(({ id }) => id));
  });

  it('is sorted by the newest first where nothing is said, the log by the oldest', async () => {
    const ids = (items: Body[]): string[] => items.map(({ id }) => id);
    expect(ids((await page(path)).data)).toEqual(ids((await page(path, { sort: isLog ? 'position' : '-created_at' })).data));
  });

  it.each(orders.filter((sort) => !sort.endsWith('updated_at')))('loses and repeats nothing by %s while rows are added', async (sort) => {
    const before = new Set((await walk(path, { limit: 100 })).map(({ id }) => id));
    let adding = 6;
    const items = await walk(path, { limit: 7, sort }, async () => {
      if (adding-- > 0) await Promise.all([add(), add()]);
    });
    const ids = items.map(({ id }) => id);
    expect(new Set(ids).size, 'twice').toBe(ids.length);
    expect([...before].filter((id) => !ids.includes(id)), 'lost').toEqual([]);
    await app.settle();
  });

  it.each(Object.keys(filters))('is filtered by %s', async (name) => {
    const all = await walk(path, { limit: 100 });
    const { values, lets } = filters[name]!;
    for (const value of values(all)) {
      const found = await walk(path, { limit: 10, [name]: value });
      expect(found.map(({ id }) => id), `${name}=${value}`).toEqual(inOrder(all.filter((item) => lets(item, value)), found));
      expect((await page(path, { limit: 1, include_total: true, [name]: value })).total).toBe(found.length);
    }
  });

  it('is filtered by several at once', async () => {
    const all = await walk(path, { limit: 100 });
    const [first] = all;
    const chosen = Object.fromEntries(Object.entries(filters).map(([name, { values, lets }]) => [name, values(all).find((value) => lets(first!, value))]).filter(([, value]) => value !== undefined));
    const found = await walk(path, { limit: 10, ...chosen });
    expect(found.map(({ id }) => id)).toEqual(inOrder(all.filter((item) => Object.entries(chosen).every(([name, value]) => filters[name]!.lets(item, value))), found));
  });
});

describe('GET /events', () => {
  it('goes on from the end of the log', async () => {
    let cursor: string | undefined;
    for (let more = true; more; ) {
      const { next_cursor, has_more } = await page('/events', { limit: 100, cursor });
      cursor = next_cursor;
      more = has_more;
    }
    expect(await page('/events', { cursor })).toEqual({ data: [], next_cursor: cursor, has_more: false });
    const { id } = await addMessage();
    const { data, next_cursor } = await page('/events', { cursor });
    expect(data.map(({ data: { message_id } }: Body) => message_id)).toEqual([id]);
    expect(next_cursor).not.toBe(cursor);
  });

  it('reads an instant in any offset, the plus sign encoded or not', async () => {
    const total = (await page('/events', { limit: 1, include_total: true })).total;
    const hourAgo = new Date(Date.now() - 3_600_000 + 8 * 3_600_000).toISOString().replace('Z', '');
    for (const since of [`${hourAgo}%2B08:00`, `${hourAgo}+08:00`]) {
      const answer = await acme.get(`/events?limit=1&include_total=true&since=${since}`);
      expect(answer.body).toMatchObject({ total });
    }
    const bad = ['2026-02-30T00:00:00Z', '2026-03-01', '2026-03-01T24:00:00Z', '2026-03-01T09:30:00', '1772357400', '2026-13-01T00:00:00Z', '2026-03-01T09:30:00+25:00'];
    for (const since of [...bad, '9999-12-31T23:59:59-05:00', '0000-01-01T00:00:00+05:00']) {
      expect((await acme.get(`/events?since=${encodeURIComponent(since)}`)).status, since).toBe(422);
    }
  });
});

/** As the database compares: code point by code point. */
function compare(a: string | number, b: string | number): number {
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b as string));
  return a - (b as number);
}

/** The ids that are expected, in the order of the items that were found. */
function inOrder(expected: Body[], found: Body[]): string[] {
  const order = new Map(found.map(({ id }, index) => [id, index]));
  return expected.map(({ id }) => id as string).sort((a, b) => (order.get(a) ?? Infinity) - (order.get(b) ?? Infinity));
}
