import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp } from '../support/start-test-app.js';
import type { Answer, Caller } from '../support/start-test-app.js';
import {
  aWorld, anOrganization, census, expectInvalid, expectProblem, idKeyOf, isOperators, listsAmong, makesWhatIsMissing, nameOf, operationsOf, pathOf, reachesOthers, sendRaw, validBodies,
} from './rest-routes.js';
import type { Body, Operation } from './rest-routes.js';
import { BROKEN_BODIES, WRONG_BODIES, spoil } from './rest-spoilers.js';

const app = await startTestApp();
const operations = await operationsOf(app);
const lists = listsAmong(operations);
const acme = await anOrganization(app, 'acme');
const globex = await anOrganization(app, 'globex');
const world = await aWorld(app, acme);
const foreign = await aWorld(app, globex);
const li = await app.login('li', 'password of li', 'acme');
const bodies = validBodies(world);

const anonymous = app.as({});
const withBody = operations.filter((operation) => operation.bodyFields.length > 0);
const withoutBody = operations.filter((operation) => operation.method !== 'GET' && operation.bodyFields.length === 0);
const withId = operations.filter((operation) => operation.parameters.length > 0 && !makesWhatIsMissing(operation));
const closed = operations.filter((operation) => operation.scope !== undefined);
const routes = [...new Map(operations.map((operation) => [operation.path, operation])).values()];

/** The operator's organization makes organizations; in its own all other things are done by acme. */
function callerFor(operation: Operation): Caller {
  return isOperators(operation) ? app.api : acme;
}

function bodyOf(operation: Operation): Body | undefined {
  return bodies[nameOf(operation)]?.bodies[0];
}

function send(caller: Caller, { method }: Operation, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer> {
  return caller.send(method, path, body, headers);
}

/** Log-ins that fail are recorded; those to no organization, by the operator's. */
async function everything(): Promise<Record<string, number>[]> {
  return [await census(app.api, lists.filter(({ path }) => path !== '/audit-logs')), await census(acme, lists), await census(globex, lists)];
}

/** For the tests of one block together. */
function storesNothing(): void {
  let before: Record<string, number>[];
  beforeAll(async () => {
    before = await everything();
  });
  afterAll(async () => {
    expect(await everything(), 'a refused request stored something').toEqual(before);
  });
}

afterAll(() => app.close());

describe('the table of routes', () => {
  it('knows a valid body for every route that takes one, with all of its fields', () => {
    for (const operation of withBody) {
      const known = new Set((bodies[nameOf(operation)]?.bodies ?? []).flatMap((body) => Object.keys(body)));
      expect([...known].sort(), `${nameOf(operation)} in rest-routes.ts`).toEqual([...operation.bodyFields].sort());
    }
  });

  it('finds the routes', () => {
    expect(operations.length).toBeGreaterThan(30);
    expect(lists.map(({ path }) => path)).toContain('/events');
  });
});

describe('what takes no fields', () => {
  storesNothing();

  it.each(withoutBody)('$method $path refuses any', async (operation) => {
    for (const body of [{ surprise: 1 }, [1], 'null']) {
      const answer = await send(callerFor(operation), operation, pathOf(operation, world), body);
      expectInvalid(answer, Array.isArray(body) || body === 'null' ? undefined : 'surprise');
    }
  });
});

describe.each(withBody)('$method $path refuses', (operation) => {
  storesNothing();
  const caller = callerFor(operation);
  const path = pathOf(operation, world);
  const table = bodies[nameOf(operation)] ?? { bodies: [], required: [] };

  it.each(BROKEN_BODIES)('$what', async ({ status, code, body, headers }) => {
    expectProblem(await send(caller, operation, path, body, headers), status, code, `/api/v1${path}`);
  });

  it('a body without a type', async () => {
    expectProblem(await sendRaw(caller, { method: operation.method, path, body: '{}' }), 415, 'request.unsupported_media_type');
  });

  it('9 MiB that come in chunks', async () => {
    const body = `"${'x'.repeat(9 * 1024 * 1024)}"`;
    expectProblem(await sendRaw(caller, { method: operation.method, path, body, chunked: true, headers: { 'content-type': 'application/json' } }), 413, 'request.too_large');
  });

  it.each(WRONG_BODIES)('$what', async ({ body }) => {
    const answer = await send(caller, operation, path, body);
    expectInvalid(answer);
    expect(answer.text.length).toBeLessThan(50_000);
  });

  it('every field that is spoilt', async () => {
    for (const body of table.bodies) {
      for (const spoilt of spoil(body)) {
        const answer = await send(caller, operation, path, spoilt.body);
        expect(answer.status, `${spoilt.what}: ${answer.text}`).toBe(422);
        expectInvalid(answer, spoilt.field);
      }
    }
  });

  it('a body without what it needs', async () => {
    for (const field of table.required) {
      const rest: Body = { ...table.bodies[0] };
      delete rest[field];
      expectInvalid(await send(caller, operation, path, rest), field);
    }
    if (table.required.length > 0) {
      for (const empty of [undefined, '', '{}']) expectInvalid(await send(caller, operation, path, empty), table.required[0]);
    }
  });
});

describe.each(operations.filter(({ method, bodyFields }) => method !== 'GET' && bodyFields.length === 0))('$method $path, which needs no body, refuses', (operation) => {
  storesNothing();

  it('a broken one', async () => {
    for (const { status, code, body, headers } of BROKEN_BODIES) {
      expectProblem(await send(callerFor(operation), operation, pathOf(operation, world), body, headers), status, code);
    }
  });
});

describe.each(closed)('$method $path asks who is calling:', (operation) => {
  storesNothing();
  const path = pathOf(operation, world);
  const key = acme.headers['x-api-key']!;
  const credentials: [string, Record<string, string>, string][] = [
    ['nobody', {}, 'auth.credential_missing'],
    ['a wrong key', { 'x-api-key': `${key.slice(0, -1)}${key.endsWith('x') ? 'y' : 'x'}` }, 'auth.credential_invalid'],
    ['a key of another make', { 'x-api-key': 'sk_live_1234' }, 'auth.credential_invalid'],
    ['an empty key', { 'x-api-key': '' }, 'auth.credential_invalid'],
    ['a key as a bearer token', { authorization: `Bearer ${key}` }, 'auth.credential_invalid'],
    ['a forged token', { authorization: `Bearer ${li.token.slice(0, -3)}AAA` }, 'auth.credential_invalid'],
    ['an unsigned token', { authorization: `Bearer ${Buffer.from('{"alg":"none"}').toString('base64url')}.${li.token.split('.')[1]}.` }, 'auth.credential_invalid'],
    ['Basic', { authorization: `Basic ${Buffer.from(`li:${key}`).toString('base64')}` }, 'auth.credential_invalid'],
    ['Bearer without a token', { authorization: 'Bearer ' }, 'auth.credential_invalid'],
    ['two credentials', { 'x-api-key': key, authorization: `Bearer ${li.token}` }, 'auth.credential_ambiguous'],
    ['a good key and a bad token', { 'x-api-key': key, authorization: 'Bearer x' }, 'auth.credential_ambiguous'],
  ];

  it('401', async () => {
    for (const [, headers, code] of credentials) expectProblem(await send(app.as(headers), operation, path, bodyOf(operation)), 401, code, `/api/v1${path}`);
  });

  it('403 without the scope', async () => {
    const { scopes } = (await li.get('/auth/me')).body;
    if (operation.scope === 'any' || scopes.includes(operation.scope)) return;
    const problem = expectProblem(await send(li, operation, path, bodyOf(operation)), 403, 'auth.scope_missing');
    expect(problem.required_scope).toBe(operation.scope);
  });
});

describe.each(withId)('$method $path knows nothing under', (operation) => {
  storesNothing();
  const body = bodyOf(operation);
  const strangers = (key: string): [string, string][] => {
    const own = world.ids[key]!;
    return [
      ['an id that nothing has', own.replace(/_.*/, '_00000000000000000000000000')],
      ['the id of another kind', own.startsWith('vis_') ? world.ids['agents.id']! : world.visitorId],
      ['the id in capitals', own.toUpperCase()],
      ['the id and a space', `${own}%20`],
      ['the id and a NUL', `${own}%00`],
      ['a space and the id', `%20${own}`],
      ['a wildcard', '%25'],
      ['a word', 'nothing'],
      ['a number', '1'],
      ['NUL', '%00'],
      ['Chinese', encodeURIComponent('张三')],
      ['an emoji', encodeURIComponent('👋')],
      ['bytes that are not UTF-8 as a path may hold them', encodeURIComponent('\ufffd')],
      ['SQL', encodeURIComponent("' OR '1'='1")],
      ['a path', encodeURIComponent('../../etc/passwd')],
      ['1,000 letters', 'x'.repeat(1000)],
      ['an object', encodeURIComponent('[object Object]')],
      ['what every object has', 'constructor'],
    ];
  };

  it.each(operation.parameters)('a wrong {%s}', async (parameter) => {
    for (const [what, id] of strangers(idKeyOf(operation, parameter))) {
      const path = pathOf(operation, world, { [parameter]: id });
      const answer = await send(acme, operation, path, body);
      expect(answer.status, `${what}: ${answer.text}`).toBe(404);
      expectProblem(answer, 404, /^[a-z_]+\.not_found$/, `/api/v1${path}`);
    }
  });

  it('the ids of another organization', async () => {
    const path = pathOf(operation, world);
    expectProblem(await send(globex, operation, path, body), 404, /^[a-z_]+\.not_found$/, `/api/v1${path}`);
    if (!reachesOthers(operation)) expectProblem(await send(app.api, operation, path, body), 404, /^[a-z_]+\.not_found$/, `/api/v1${path}`);
    expectProblem(await send(acme, operation, pathOf(operation, foreign), body), 404, /^[a-z_]+\.not_found$/);
    for (const parameter of operation.parameters) {
      const mixed = pathOf(operation, world, { [parameter]: foreign.ids[idKeyOf(operation, parameter)]! });
      expectProblem(await send(acme, operation, mixed, body), 404, /^[a-z_]+\.not_found$/);
    }
  });
});

describe('what belongs to another organization', () => {
  storesNothing();

  it('is in no list', async () => {
    const ids = new Set(Object.values(world.ids));
    for (const list of lists) {
      if (list.parameters.length > 0 || isOperators(list)) continue;
      const { data } = (await globex.get(`${list.path}?limit=100`)).body;
      for (const item of data) expect(ids.has(item.id), `${list.path} shows ${item.id}`).toBe(false);
      expect(JSON.stringify(data)).not.toMatch(new RegExp([...ids].join('|')));
    }
  });

  it('is found by no filter', async () => {
    for (const path of [
      `/conversations?agent_id=${world.ids['agents.id']}`, `/conversations?visitor_id=${world.visitorId}`,
      `/messages?conversation_id=${world.ids['conversations.id']}`,
    ]) {
      const answer = await globex.get(path);
      expect(answer.status === 404 || answer.body.data.length === 0, `${path}: ${answer.text}`).toBe(true);
    }
  });

  it('cannot be referred to', async () => {
    const { caller, ids, visitorId } = foreign;
    expectProblem(await caller.post('/messages', { conversation_id: world.ids['conversations.id'], sender: { type: 'visitor' }, type: 'text', content: 'x' }), 404, 'conversation.not_found');
    expectInvalid(await caller.post('/conversations', { visitor_id: world.visitorId }), 'visitor_id');
    expectInvalid(await caller.post('/conversations', { visitor_id: visitorId, agent_id: world.ids['agents.id'] }), 'agent_id');
    expectInvalid(await caller.put(`/conversations/${ids['conversations.id']}`, { agent_id: world.ids['agents.id'] }), 'agent_id');
    expectInvalid(await caller.post('/conversations', { visitor: { external_id: 'would be new' }, agent_id: world.ids['agents.id'] }), 'agent_id');
    const message = { conversation_id: ids['conversations.id'], type: 'text', content: 'x' };
    expectInvalid(await caller.post('/messages', { ...message, sender: { type: 'agent', id: world.ids['agents.id'] } }), 'sender');
    expectInvalid(await caller.post('/messages', { ...message, sender: { type: 'visitor', id: world.visitorId } }), 'sender');
  });

  it('and what no organization has, in every field that takes an id', async () => {
    for (const id of ['张三', '\ufffd', 'vis_00000000000000000000000000', `${world.visitorId} `, world.visitorId.toUpperCase(), '']) {
      expectInvalid(await acme.post('/conversations', { visitor_id: id }), 'visitor_id');
      expectInvalid(await acme.post('/conversations', { visitor_id: world.visitorId, agent_id: id }), 'agent_id');
      expectInvalid(await acme.put(`/conversations/${world.ids['conversations.id']}`, { agent_id: id }), 'agent_id');
      expectProblem(await acme.post('/messages', { conversation_id: id, sender: { type: 'visitor' }, type: 'text', content: 'x' }), 404, 'conversation.not_found');
      const message = { conversation_id: world.ids['conversations.id'], type: 'text', content: 'x' };
      expectInvalid(await acme.post('/messages', { ...message, sender: { type: 'agent', id } }), 'sender');
      expectInvalid(await acme.post('/messages', { ...message, sender: { type: 'visitor', id } }), 'sender');
    }
    for (const organization of ['张三', 'acme ', 'ACME', '']) {
      expectProblem(await anonymous.post('/auth/login', { username: 'li', password: 'password of li', organization }), 401, 'auth.login_failed');
    }
  });
});

describe('409', () => {
  const prepared: Record<string, string> = {};
  beforeAll(async () => {
    const conversation = (await acme.post('/conversations', { visitor_id: world.visitorId })).body.id;
    prepared.message = (await acme.post('/messages', { conversation_id: conversation, sender: { type: 'visitor' }, type: 'text', content: 'x' })).body.id;
    await acme.delete(`/messages/${prepared.message}`);
    await acme.delete(`/conversations/${conversation}`);
    prepared.closed = conversation;
    prepared.zhao = (await acme.get('/agents?username=zhao')).body.data[0].id;
    await app.settle();
  });
  storesNothing();

  it.each<[string, () => Promise<Answer>, string]>([
    ['a user name that is taken', () => acme.post('/agents', { username: 'li' }), 'agent.username_taken'],
    ['a user name that is taken, by PUT', () => acme.put(`/agents/${world.ids['agents.id']}`, { username: 'zhao', nickname: 'x' }), 'agent.username_taken'],
    ['an external id that is taken', () => acme.post('/visitors', { external_id: 'customer-1' }), 'visitor.external_id_taken'],
    ['an external id that is taken, by PUT', () => acme.put(`/visitors/${world.visitorId}`, { external_id: 'customer-0', name: 'x' }), 'visitor.external_id_taken'],
    ['a slug that is taken', () => app.api.post('/organizations', { slug: 'acme', name: 'Acme' }), 'organization.slug_taken'],
    ['a message into a closed conversation', () => acme.post('/messages', { conversation_id: prepared.closed, sender: { type: 'visitor' }, type: 'text', content: 'x' }), 'conversation.closed'],
    ['an edit of a recalled message', () => acme.put(`/messages/${prepared.message}`, { content: 'x' }), 'message.recalled'],
    ['a move that is not allowed', () => acme.put(`/conversations/${prepared.closed}`, { status: 'pending', subject: 'x' }), 'conversation.invalid_transition'],
    ['another agent for a closed conversation', () => acme.put(`/conversations/${prepared.closed}`, { agent_id: prepared.zhao, subject: 'x' }), 'conversation.closed'],
  ])('%s', async (_what, request, code) => {
    const problem = expectProblem(await request(), 409, code);
    if (/transition|conversation\.closed/.test(code) && 'allowed' in problem) expect(problem.allowed).toEqual(['open', 'queued']);
  });
});

const PAGE_FIELDS = ['limit', 'cursor', 'sort', 'include_total'];

describe.each(lists)('GET $path refuses', (list) => {
  const caller = callerFor(list);
  const path = pathOf(list, world);
  const bad: [string, string][] = [
    ...['0', '101', '-1', 'abc', '', '1.5', '1e2', ' 5', '0x10', '%00', '99999999999999999999', '1&limit=2'].map((text): [string, string] => ['limit', text]),
    ...['x', '', '!!!', 'e30', 'bnVsbA', 'W10', 'WyItY3JlYXRlZF9hdCJd', 'x'.repeat(1001), '%00', encodeURIComponent('张三'), 'a&cursor=b'].map((text): [string, string] => ['cursor', text]),
    ...['nothing', '', '-', '--created_at', 'constructor', '-constructor', '__proto__', 'toString', 'id;DROP', 'organization_id', '%00', 'a&sort=b'].map((text): [string, string] => ['sort', text]),
    ...['1', 'yes', 'TRUE', '', '%00'].map((text): [string, string] => ['include_total', text]),
    ['no_such_parameter', '1'],
    ['__proto__', '1'],
    ['constructor', '1'],
    ['organization_id', 'x'],
  ];

  it.each(bad)('%s=%s', async (name, value) => {
    expectInvalid(await caller.get(`${path}?${name}=${value}`), name);
  });

  const filters = list.queryFields.filter((name) => !PAGE_FIELDS.includes(name));

  it.runIf(filters.length > 0).each(filters)('a bad %s', async (name) => {
    for (const value of ['x'.repeat(5000), '%00', 'a%00b', `a&${name}=b`, '%F0%9F%98%80'.repeat(600)]) {
      expectInvalid(await caller.get(`${path}?${name}=${value}`), name);
    }
  });

  it.runIf(filters.length > 0).each(filters)('no unknown text as %s, or finds nothing by it', async (name) => {
    for (const value of ['张三', '\ufffd', "' OR 1=1 --", '%', 'constructor', ' ']) {
      const answer = await caller.get(`${path}?${name}=${encodeURIComponent(value)}`);
      if (answer.status === 200) expect(answer.body.data, `${name}=${value}`).toEqual([]);
      else if (answer.status === 404) expectProblem(answer, 404);
      else expectInvalid(answer, name);
    }
  });

  const sort = list.path === '/events' ? 'position' : '-created_at';
  const opposite = list.path === '/events' ? '-position' : 'created_at';

  it('the cursor of another list', async () => {
    for (const other of lists) {
      if (other.path === list.path) continue;
      const { next_cursor } = (await callerFor(other).get(`${pathOf(other, world)}?limit=1`)).body;
      expect(next_cursor, `${other.path} has a second page`).toEqual(expect.any(String));
      expectInvalid(await caller.get(`${path}?cursor=${next_cursor}`), 'cursor');
    }
  });

  it('the cursor of another sort', async () => {
    const { next_cursor } = (await caller.get(`${path}?limit=1&sort=${sort}`)).body;
    expectInvalid(await caller.get(`${path}?cursor=${next_cursor}&sort=${opposite}`), 'cursor');
  });

  it('a cursor that was tampered with', async () => {
    for (const parts of [[sort], [sort, 1], [sort, null, null], [sort, {}, 'x'], [sort, [1], 'x'], [sort, true, true], [sort, 1, 'x', 1], { 0: sort }, sort, [sort, 'x', {}]]) {
      expectInvalid(await caller.get(`${path}?cursor=${Buffer.from(JSON.stringify(parts)).toString('base64url')}`), 'cursor');
    }
  });
});

function fits(pattern: string, path: string): boolean {
  return new RegExp(`^${pattern.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path);
}

describe.each(routes)('$path', (route) => {
  storesNothing();
  const path = pathOf(route, world);
  // Also what takes the last word of the path for an id.
  const known = [...new Set(operations.filter((operation) => fits(operation.path, route.path)).map(({ method }) => method as string))];
  const allowed = [...known, ...(known.includes('GET') ? ['HEAD'] : [])].sort();

  it('405 with Allow for every other method', async () => {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      if (known.includes(method)) continue;
      for (const caller of [acme, anonymous]) {
        const problem = expectProblem(await caller.send(method, path), 405, 'route.method_not_allowed', `/api/v1${path}`);
        expect(problem.allowed).toEqual(allowed);
      }
    }
    for (const method of ['TRACE', 'PROPFIND', 'LOCK']) expectProblem(await sendRaw(acme, { method, path }), 405);
  });

  it.runIf(operations.some(({ method, path: own }) => method === 'GET' && own === route.path))('HEAD as GET, without the body', async () => {
    const caller = callerFor(route);
    const [got, head] = [await caller.get(path), await caller.send('HEAD', path)];
    expect([head.status, head.text]).toEqual([200, '']);
    for (const name of ['content-type', 'content-length', 'etag']) expect(head.headers.get(name)).toBe(got.headers.get(name));
    const refused = await anonymous.send('HEAD', path);
    expect([refused.status, refused.text]).toEqual([401, '']);
    expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer /);
  });
});

describe('no route', () => {
  storesNothing();

  it.each([
    '/nothing', '/agents/', '//api/v1//agents', '/Agents', '//api/v2/agents', '//', '//api/v1', `/agents/${world.ids['agents.id']}/`, `/agents/${world.ids['agents.id']}/nothing`,
    '//api/v1/agents/../../../etc/passwd', '//favicon.ico', '/agents/x/y/z', '/%2e%2e/agents', `/${'x'.repeat(3000)}`,
  ])('%s', async (path) => {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) expectProblem(await acme.send(method, path), 404, 'route.not_found');
  });

  it('a path that cannot be decoded', async () => {
    for (const path of ['/agents/%ZZ', '/agents/%', '/agents/%C3%28', '/agents/%FF']) {
      expectProblem(await sendRaw(acme, { method: 'GET', path }), 400, 'request.malformed', `/api/v1${path}`);
    }
  });

  it('a path that is too long', async () => {
    expectProblem(await acme.get(`/agents/${'x'.repeat(3000)}`), 414, 'request.uri_too_long');
    const answer = await sendRaw(acme, { method: 'GET', path: `/agents/${'x'.repeat(20_000)}` });
    expectProblem(answer, 431, 'request.headers_too_large');
  });

  it('headers that are too long', async () => {
    expectProblem(await sendRaw(acme, { method: 'GET', path: '/agents', headers: { 'x-long': 'x'.repeat(20_000) } }), 431, 'request.headers_too_large');
  });

  it('what is no HTTP', async () => {
    for (const text of ['nonsense\r\n\r\n', 'FOO /api/v1/agents HTTP/1.1\r\nhost: x\r\n\r\n', 'GET /api/v1/agents HTTP/1.1\r\nhost: x\r\ncontent-length: a\r\n\r\n', '\x16\x03\x01\x02\x00']) {
      const answer = await talk(text);
      expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nContent-Type: application\/problem\+json/);
      const problem = JSON.parse(answer.slice(answer.indexOf('{')));
      expect(problem).toMatchObject({ status: 400, code: 'request.malformed', instance: '/', request_id: expect.stringMatching(/^req_[0-9a-z]{26}$/) });
      expect(answer).toContain(`X-Request-Id: ${problem.request_id}\r\n`);
    }
  });
});

function talk(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(app.url).port), '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.on('data', (data) => (answer += String(data)));
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}

it('401 where Authorization comes twice, whichever of them is good', async () => {
  for (const tokens of [[li.token, 'another'], ['another', li.token], [li.token, li.token]]) {
    const lines = tokens.map((token, index) => `${index === 0 ? 'Authorization' : 'AUTHORIZATION'}: Bearer ${token}\r\n`).join('');
    const answer = await talk(`GET /api/v1/auth/me HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${lines}\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(answer).toContain('"code":"auth.credential_ambiguous"');
  }
});

it('503 from a process that is no api', async () => {
  const worker = await startTestApp({ env: { ROLES: 'worker' } });
  for (const path of ['/agents', '/nothing', '//docs', '//']) {
    for (const method of ['GET', 'POST', 'OPTIONS']) {
      const answer = await worker.api.send(method, path);
      expectProblem(answer, 503, 'service.worker_only');
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    }
  }
  expect((await worker.api.get('//health/live')).status).toBe(200);
  await worker.close();
});
