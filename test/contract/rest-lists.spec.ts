import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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

function addMessage(): Promise<Body> {
  const index = ++number;
  const type = index % 3 === 0 ? 'link' : 'text';
  return made(acme, '/messages', {
    conversation_id: conversation.id, sender: index % 2 === 0 ? { type: 'visitor' } : { type: 'bot', id: 'bot' }, type,
    content: type === 'text' ? 'hi' : { url: 'https://example.com' }, client_msg_no: `n-${index}`,
  });
}

const messageFilters: List['filters'] = {
  type: valuesOf('type'),
  sender_type: { values: () => ['visitor', 'bot', 'agent'], lets: (item, value) => item.sender.type === value },
  after_seq: { values: () => [0, 20, 44, 1000], lets: (item, value) => item.seq > value },
};

const LISTS: List[] = [
  {
    route: '/agents', path: '/agents',
    add: () => made(acme, '/agents', { username: `agent ${String(++number % 7)}-${number} é`, role: number % 2 === 0 ? 'agent' : 'supervisor', status: number % 3 === 0 ? 'online' : 'away', department: number % 2 === 0 ? 'support' : 'sales', enabled: number % 5 !== 0 }),
    sorts: { created_at: createdAt, username: (item) => item.username },
    filters: { status: valuesOf('status'), department: valuesOf('department'), role: valuesOf('role'), username: valuesOf('username'), enabled: flag('enabled') },
  },
  {
    route: '/visitors', path: '/visitors',
    add: () => made(acme, '/visitors', { external_id: `v-${++number}`, email: `v${number % 3}@example.com`, mobile: `m${number % 4}`, customer_id: `C-${number % 5}` }),
    sorts: { created_at: createdAt },
    filters: { external_id: valuesOf('external_id'), email: valuesOf('email'), mobile: valuesOf('mobile'), customer_id: valuesOf('customer_id') },
  },
  {
    route: '/conversations', path: '/conversations',
    add: () => made(acme, '/conversations', { visitor: { external_id: `v-${++number % 6}` }, agent_id: number % 2 === 0 ? agent.id : undefined, channel: number % 3 === 0 ? 'web' : 'app', category: `k${number % 2}`, department: number % 4 === 0 ? 'nobody here' : 'support', priority: PRIORITIES[number % 4] }),
    sorts: { created_at: createdAt, updated_at: (item) => item.updated_at },
    filters: { status: valuesOf('status'), agent_id: valuesOf('agent_id'), visitor_id: valuesOf('visitor_id'), department: valuesOf('department'), channel: valuesOf('channel'), category: valuesOf('category'), priority: valuesOf('priority') },
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
      since: { values: (items) => [items[10]!.created_at, items.at(-1)!.created_at, '2100-01-01T00:00:00Z'], lets: (item, value) => Date.parse(item.created_at) >= Date.parse(value) },
      until: { values: (items) => [items[10]!.created_at, items[0]!.created_at, '2000-01-01T00:00:00Z'], lets: (item, value) => Date.parse(item.created_at) < Date.parse(value) },
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
  const answer = await acme.get(`${path}?${text}`);
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
    for (const since of ['2026-02-30T00:00:00Z', '2026-03-01', '2026-03-01T24:00:00Z', '2026-03-01T09:30:00', '1772357400', '2026-13-01T00:00:00Z', '2026-03-01T09:30:00+25:00']) {
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
