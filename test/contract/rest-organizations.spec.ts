import { afterAll, describe, expect, it } from 'vitest';
import { startCallbackSink } from '../support/callback-sink.js';
import { ADMIN_PASSWORD, startTestApp } from '../support/start-test-app.js';
import { aWorld, anOrganization, census, expectInvalid, expectProblem, isOperators, listsAmong, makesWhatIsMissing, operationsOf, pathOf, validBodies } from './rest-routes.js';
import type { Body } from './rest-routes.js';

const app = await startTestApp();
const operations = await operationsOf(app);
const lists = listsAmong(operations);
const acme = await anOrganization(app, 'acme');
const world = await aWorld(app, acme);
// Its receiver is gone: a retry between two looks would be a change.
await acme.put(`/callbacks/${world.ids['callbacks.id']}`, { enabled: false });

afterAll(() => app.close());

let made = 0;

function input(changes: Body = {}): Body {
  return { slug: `org-${++made}`, name: `Organization ${made}`, ...changes };
}

describe('POST /organizations', () => {
  it('answers the organization and its first key, once', async () => {
    const body = input({ time_zone: 'Asia/Shanghai' });
    const answer = await app.api.post('/organizations', body);
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      ...body, id: expect.stringMatching(/^org_[0-9a-z]{26}$/), closed_at: null, created_at: expect.stringMatching(/Z$/), updated_at: answer.body.created_at,
      api_key: { id: expect.stringMatching(/^key_[0-9a-z]{26}$/), name: expect.any(String), key: expect.stringMatching(/^cdk_[\w-]{32,}$/), scopes: ['*'] },
    });
    expect(answer.headers.get('location')).toBe(`/api/v1/organizations/${answer.body.id}`);
  });

  it('makes a key that works at once, and everything with it', async () => {
    const answer = await app.api.post('/organizations', input());
    const caller = app.as({ 'x-api-key': answer.body.api_key.key });
    const me = (await caller.get('/auth/me')).body;
    expect(me).toEqual({ kind: 'api_key', id: answer.body.api_key.id, organization_id: answer.body.id, scopes: ['*'], application_id: null, agent: null });
    await aWorld(app, caller);
    // Two agents, visitors, conversations, messages and their assignments: the log of each organization begins at 1.
    const { data } = (await caller.get('/events?limit=100')).body;
    expect(data.map(({ position }: Body) => position)).toEqual(data.map((_: unknown, index: number) => index + 1));
  });

  it('keeps time in UTC where nothing is said', async () => {
    expect((await app.api.post('/organizations', input())).body.time_zone).toBe('UTC');
  });

  it.each([
    ['slug', ''], ['slug', 'Acme'], ['slug', '-acme'], ['slug', 'a c'], ['slug', 'a/b'], ['slug', 'äcme'], ['slug', 'a'.repeat(64)], ['slug', 'acme\n'], ['slug', null],
    ['name', ''], ['name', 'x'.repeat(201)], ['name', null], ['time_zone', 'Mars/Olympus'], ['time_zone', ''], ['time_zone', '+25:00'], ['time_zone', null],
    ['operator', true], ['id', 'org_00000000000000000000000000'], ['api_key', 'cdk_mine'],
  ])('refuses %s = %j', async (field, value) => {
    expectInvalid(await app.api.post('/organizations', input({ [field]: value })), field);
  });

  it('refuses a slug that is taken, among many at once too', async () => {
    expectProblem(await app.api.post('/organizations', input({ slug: 'acme' })), 409, 'organization.slug_taken');
    expectProblem(await app.api.post('/organizations', input({ slug: 'default' })), 409, 'organization.slug_taken');
    const answers = await Promise.all(Array.from({ length: 16 }, () => app.api.post('/organizations', { slug: 'wanted', name: 'Wanted' })));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    for (const answer of answers.filter(({ status }) => status !== 201)) expectProblem(answer, 409, 'organization.slug_taken');
  });

  it("is the operator's key alone", async () => {
    const admin = await app.login('admin', ADMIN_PASSWORD);
    const { key } = (await app.api.post('/organizations', input())).body.api_key;
    await acme.post('/agents', { username: 'boss', password: 'password of boss', role: 'admin' });
    const boss = await app.login('boss', 'password of boss', 'acme');
    for (const caller of [acme, admin, boss, app.as({ 'x-api-key': key })]) {
      expectProblem(await caller.post('/organizations', input({ slug: 'forbidden' })), 403, 'organization.operator_only');
    }
    expectProblem(await app.as({}).post('/organizations', input({ slug: 'forbidden' })), 401);
    expect((await app.api.post('/organizations', input({ slug: 'forbidden' }))).status).toBe(201);
  });
});

describe('two organizations', () => {
  it('have nothing in common', async () => {
    const before = await census(acme, lists);
    const other = await anOrganization(app, 'apart');
    for (const total of Object.values(await census(other, lists))) expect(total).toBe(0);
    const apart = await aWorld(app, other);
    expect(await census(acme, lists)).toEqual(before);
    const foreign = [...Object.values(apart.ids), other.headers['x-api-key']!];
    for (const operation of operations.filter((each) => each.method === 'GET' && !isOperators(each))) {
      const answer = await acme.get(pathOf(operation, world));
      expect(answer.status).toBe(200);
      for (const id of foreign) expect(answer.text).not.toContain(id);
    }
  });

  it('may use the same names', async () => {
    const other = await anOrganization(app, 'same-names');
    for (const caller of [acme, other]) {
      for (const [path, body] of [
        ['/agents', { username: 'same', password: caller === acme ? 'password in acme' : 'password elsewhere' }],
        ['/visitors', { external_id: 'same' }],
        ['/conversations', { visitor: { external_id: 'same' } }],
      ] as const) {
        const answer = await caller.post(path, body);
        expect(answer.status, `${path}: ${answer.text}`).toBe(201);
      }
    }
    const visitors = [];
    for (const caller of [acme, other]) {
      expectProblem(await caller.post('/visitors', { external_id: 'same' }), 409, 'visitor.external_id_taken');
      expectProblem(await caller.post('/agents', { username: 'same' }), 409, 'agent.username_taken');
      const { data } = (await caller.get('/visitors?external_id=same')).body;
      expect(data).toHaveLength(1);
      visitors.push(data[0].id);
    }
    expect(visitors[0]).not.toBe(visitors[1]);
  });

  it('log in under their slug', async () => {
    const [acmeSame, otherSame] = [await app.login('same', 'password in acme', 'acme'), await app.login('same', 'password elsewhere', 'same-names')];
    const [first, second] = [(await acmeSame.get('/auth/me')).body, (await otherSame.get('/auth/me')).body];
    expect(first.organization_id).toBe((await acme.get('/auth/me')).body.organization_id);
    expect(second.organization_id).not.toBe(first.organization_id);
    expect((await acmeSame.get(`/agents/${first.id}`)).status).toBe(200);
    expectProblem(await acmeSame.get(`/agents/${second.id}`), 404, 'agent.not_found');

    const login = (username: string, password: string, organization?: string) => app.as({}).post('/auth/login', { username, password, organization });
    for (const [password, organization] of [['password in acme', 'same-names'], ['password elsewhere', 'acme'], ['password in acme', undefined], ['password in acme', 'nowhere'], ['password in acme', 'Acme']]) {
      expectProblem(await login('same', password!, organization), 401, 'auth.login_failed');
    }
    const answer = await login('admin', ADMIN_PASSWORD);
    expect(answer.body.agent).toMatchObject({ username: 'admin', organization_id: (await app.api.get('/auth/me')).body.organization_id });
    expect((await login('admin', ADMIN_PASSWORD, 'default')).status).toBe(200);
    expectProblem(await login('admin', ADMIN_PASSWORD, 'acme'), 401, 'auth.login_failed');
  });

  it('tell only their own callbacks', async () => {
    const sink = await startCallbackSink();
    const other = await anOrganization(app, 'listening');
    expect((await other.post('/callbacks', { url: sink.url, events: ['*'] })).status).toBe(201);
    await acme.post('/visitors', { name: 'of acme' });
    await other.post('/visitors', { name: 'of the other' });
    await app.settle();
    expect(sink.received.map(({ body }) => body.data.visitor.name)).toEqual(['of the other']);
    await sink.close();
  });

  it('route to their own agents', async () => {
    const other = await anOrganization(app, 'without-agents');
    const conversation = await other.post('/conversations', { visitor: { external_id: 'v' } });
    expect(conversation.body).toMatchObject({ status: 'queued', agent_id: null, queue_position: 1 });
    await acme.post('/agents', { username: 'free', status: 'online', max_conversations: 1000 });
    expect((await other.get(`/conversations/${conversation.body.id}`)).body).toEqual(conversation.body);
  });

  it("change nothing of each other's, whatever the method", async () => {
    const bodies = validBodies(world);
    const other = await anOrganization(app, 'meddler');
    // Figures are of a time that ends now: they have to begin at the same.
    const since = `?since=${new Date(Date.now() - 3_600_000).toISOString()}`;
    const read = async (): Promise<string[]> => {
      const gets = operations.filter(({ method, parameters }) => method === 'GET' && parameters.length > 0);
      return Promise.all(gets.map(async (operation) => (await acme.get(pathOf(operation, world) + (operation.path.endsWith('/stats') ? since : ''))).text));
    };
    const before = await read();
    for (const operation of operations.filter((each) => each.parameters.length > 0 && !makesWhatIsMissing(each))) {
      const body = bodies[`${operation.method} ${operation.path}`]?.bodies[0];
      expectProblem(await other.send(operation.method, pathOf(operation, world), body), 404, /not_found$/);
    }
    expect(await read()).toEqual(before);
    for (const total of Object.values(await census(other, lists))) expect(total).toBe(0);
  });
});
