import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertRows } from '../../src/platform/database/rows.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { anAgent, anApplication, anOrganization, created, tally, unique } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { connectSocket } from '../support/socket-client.js';
import { ADMIN_PASSWORD } from '../support/start-test-app.js';
import type { Answer, Caller } from '../support/start-test-app.js';
import { TestClock } from '../support/test-clock.js';

const DAY = 24 * 60 * 60 * 1000;
const PASSWORD = 'the password of an agent';

describe('the API keys of an organization itself', () => {
  const clock = new TestClock();
  let cluster: Cluster;
  let operator: Caller;
  let operatorId: string;

  beforeAll(async () => {
    cluster = await startCluster({ clock });
    operator = cluster.a.api;
    operatorId = (await operator.get('/auth/me')).body.organization_id;
  });

  afterAll(() => cluster.close());

  const keysOf = ({ id }: { id: string }): string => `/organizations/${id}/api-keys`;
  const by = (key: Resource, on = cluster.a): Caller => on.as({ 'x-api-key': key['key'] });
  const status = async (key: Resource, on = cluster.a): Promise<number> => (await by(key, on).get('/auth/me')).status;
  const codeOf = async (answer: Promise<Answer>): Promise<string> => (await answer).body.code;

  it('are listed with the first one, and one more is shown once', async () => {
    const { organization, api } = await anOrganization(cluster.a);
    await anApplication(cluster.a, {}, api);
    const answer = await api.post(keysOf(organization), { name: 'second', scopes: ['audit:read'], expires_at: new Date(clock.now() + DAY).toISOString() });
    const { key, ...shown } = answer.body;
    expect(answer.body).toEqual({
      id: expect.stringMatching(/^key_/), name: 'second', key: expect.stringMatching(/^cdk_[\w-]{40}$/), scopes: ['audit:read'], hint: key.slice(-4),
      created_at: expect.any(String), expires_at: expect.any(String), last_used_at: null,
    });
    expect([answer.status, answer.headers.get('location')]).toEqual([201, `/api/v1${keysOf(organization)}/${shown.id}`]);
    expect((await api.get(`${keysOf(organization)}/${shown.id}`)).body).toEqual(shown);
    const { body } = await api.get(`${keysOf(organization)}?include_total=true&sort=created_at`);
    expect(body).toMatchObject({ total: 2, has_more: false, data: [{ id: organization['api_key'].id, name: 'first key', scopes: ['*'] }, shown] });
    expect((await operator.get(keysOf(organization))).body.data).toHaveLength(2);
    expect(await codeOf(by(answer.body).get('/agents'))).toBe('auth.scope_missing');
    expect((await by(answer.body).get('/audit-logs')).status).toBe(200);
    clock.advance(DAY);
    expect([await status(answer.body), await status(answer.body, cluster.b)]).toEqual([401, 401]);
  });

  it('are refused on every instance once they are revoked, the first one too, and their sockets end', async () => {
    const { organization, api } = await anOrganization(cluster.a);
    const first: Resource = organization['api_key'];
    const second = await created(api.post(keysOf(organization), { name: 'second' }));
    const socket = await connectSocket(cluster.b.url, first['key']);
    const ended = new Promise((resolve) => socket.socket.once('disconnect', resolve));
    expect([await status(first), await status(first, cluster.b)]).toEqual([200, 200]);
    expect((await by(second).delete(`${keysOf(organization)}/${first.id}`)).status).toBe(204);
    expect(await status(first)).toBe(401);
    await expect.poll(() => status(first, cluster.b), { timeout: 1000, interval: 10 }).toBe(401);
    await ended;
    expect(await codeOf(by(second).delete(`${keysOf(organization)}/${first.id}`))).toBe('api_key.not_found');
    // An organization may lose its last one: an admin, or the operator, makes another.
    expect((await by(second).delete(`${keysOf(organization)}/${second.id}`)).status).toBe(204);
    expect(await status(await created(operator.post(keysOf(organization), { name: 'third' })))).toBe(200);
  });

  it('are rotated, and the old one ends after the overlap', async () => {
    const { organization, api } = await anOrganization(cluster.a);
    const first: Resource = organization['api_key'];
    const path = `${keysOf(organization)}/${first.id}/rotate`;
    const next = await created(api.post(path, { overlap_seconds: 60 }));
    expect(next).toMatchObject({ name: 'first key', scopes: ['*'], expires_at: null });
    expect([await status(first), await status(next, cluster.b)]).toEqual([200, 200]);
    expect(await codeOf(by(next).post(path))).toBe('api_key.rotated');
    clock.advance(60_000);
    expect([await status(first), await status(first, cluster.b), await status(next)]).toEqual([401, 401, 200]);
  });

  it('are for admins and keys with all scopes, and hidden from others', async () => {
    const { organization, api } = await anOrganization(cluster.a);
    const stranger = await anOrganization(cluster.a);
    const [admin, supervisor] = await Promise.all(['admin', 'supervisor'].map((role) => anAgent(api, { role, password: PASSWORD })));
    const asAdmin = await cluster.a.login(admin!['username'], PASSWORD, organization['slug']);
    const weak = by(await created(asAdmin.post(keysOf(organization), { name: 'weak', scopes: ['applications:read', 'applications:write'] })));
    const inApplication = (await anApplication(cluster.a, {}, api)).as;
    const lesser = [weak, inApplication, await cluster.a.login(supervisor!['username'], PASSWORD, organization['slug'])];
    const first = `${keysOf(organization)}/${organization['api_key'].id}`;
    const tries = (as: Caller): Promise<Answer>[] => [
      as.get(keysOf(organization)), as.get(first), as.post(keysOf(organization), { name: 'x' }), as.post(`${first}/rotate`), as.delete(first),
    ];
    for (const as of lesser) for (const answer of await Promise.all(tries(as))) expect(answer.body).toMatchObject({ status: 403, code: 'organization.administrators_only' });
    for (const answer of await Promise.all(tries(stranger.api))) expect(answer.body).toMatchObject({ status: 404, code: 'organization.not_found' });
    // One of another organization, or of an application, is none of these.
    const { application, as } = await anApplication(cluster.a, {}, api);
    const [ofApplication] = (await api.get(`/applications/${application.id}/api-keys`)).body.data;
    for (const id of [stranger.organization['api_key'].id, ofApplication.id]) expect(await codeOf(api.delete(`${keysOf(organization)}/${id}`))).toBe('api_key.not_found');
    expect([(await as.get('/auth/me')).status, (await stranger.api.get('/auth/me')).status, (await asAdmin.get(first)).status]).toEqual([200, 200, 200]);
  });

  it('of the operator are for the operator alone, and only with all scopes they are the operator', async () => {
    const admin = await cluster.a.login('admin', ADMIN_PASSWORD);
    const [first] = (await admin.get(keysOf({ id: operatorId }))).body.data;
    for (const answer of [admin.post(keysOf({ id: operatorId }), { name: 'x' }), admin.delete(`${keysOf({ id: operatorId })}/${first.id}`), admin.post(`${keysOf({ id: operatorId })}/${first.id}/rotate`)]) {
      expect((await answer).body).toMatchObject({ status: 403, code: 'organization.operator_only' });
    }
    const lesser = await created(operator.post(keysOf({ id: operatorId }), { name: 'lesser', scopes: ['agents:read'] }));
    const slug = unique('org');
    expect(await codeOf(by(lesser).post('/organizations', { slug, name: slug }))).toBe('organization.operator_only');
    const equal = await created(operator.post(keysOf({ id: operatorId }), { name: 'equal' }));
    expect((await by(equal, cluster.b).post('/organizations', { slug, name: slug })).status).toBe(201);
    for (const key of [lesser, equal]) expect((await operator.delete(`${keysOf({ id: operatorId })}/${key.id}`)).status).toBe(204);
  });

  it('are a thousand at the most, and every change of them is recorded for both', async () => {
    const { organization, api } = await anOrganization(cluster.a);
    const made = await created(operator.post(keysOf(organization), { name: 'by the operator' }));
    const own = (await api.get(`/audit-logs?target_id=${made.id}`)).body.data;
    const operators = (await cluster.b.api.get(`/audit-logs?target_id=${made.id}`)).body.data;
    expect(own).toMatchObject([{ actor_kind: 'system', actor_id: null, action: 'api_key.created', details: { name: 'by the operator', organization_id: organization.id, by: 'operator' } }]);
    expect(operators).toMatchObject([{ actor_kind: 'api_key', actor_id: expect.stringMatching(/^key_/), action: 'api_key.created', details: { organization_id: organization.id } }]);
    expect((await api.post(`${keysOf(organization)}/${made.id}/rotate`)).status).toBe(201);
    expect((await api.delete(`${keysOf(organization)}/${made.id}`)).status).toBe(204);
    const all = (await api.get(`/audit-logs?target_id=${made.id}&sort=created_at`)).body.data;
    expect(all.map(({ action, actor_id }: Resource) => [action, actor_id])).toEqual([
      ['api_key.created', null], ['api_key.rotated', organization['api_key'].id], ['api_key.revoked', organization['api_key'].id],
    ]);
    const now = clock.now();
    const rows = Array.from({ length: 998 }, (_, index) => [`key_${String(index).padStart(26, '0')}`, organization.id, 'x', String(index).padStart(64, '0'), '["*"]', now]);
    const unitOfWork = cluster.a.app.get(UnitOfWork);
    await unitOfWork.run(() => insertRows(unitOfWork, 'api_keys', ['id', 'organization_id', 'name', 'key_hash', 'scopes', 'created_at'], rows));
    expect((await api.post(keysOf(organization), { name: 'x' })).body).toMatchObject({ status: 409, code: 'api_key.too_many' });
  });

  it('leave the operator one that does not expire, whoever revokes at the same time', async () => {
    const path = keysOf({ id: operatorId });
    const [bootstrap] = (await operator.get(`${path}?sort=created_at`)).body.data;
    const ending = await created(operator.post(path, { name: 'ends', expires_at: new Date(clock.now() + 30 * DAY).toISOString() }));
    await created(operator.post(path, { name: 'may little', scopes: ['agents:read'] }));
    expect((await operator.delete(`${path}/${bootstrap.id}`)).body).toMatchObject({ status: 409, code: 'api_key.last_of_operator' });
    expect((await operator.get('/auth/me')).status).toBe(200);
    const keys: Resource[] = [bootstrap];
    for (let count = 0; count < 4; count++) keys.push(await created(operator.post(path, { name: `spare ${count}` })));
    const answers = await Promise.all(keys.map(({ id }, index) => by(ending, cluster.each(index)).delete(`${path}/${id}`)));
    expect(tally(answers)).toEqual({ 204: 4, 409: 1 });
    const { data } = (await by(ending).get(path)).body;
    expect(data.map(({ name }: Resource) => name)).toEqual(expect.arrayContaining(['ends', 'may little']));
    expect(data).toHaveLength(3);
  });
});
