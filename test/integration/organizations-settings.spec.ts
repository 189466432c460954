import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { anAgent, anApplication, anOrganization, created } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import type { Caller } from '../support/start-test-app.js';
import { TestClock } from '../support/test-clock.js';

const PASSWORD = 'the password of an agent';

describe('the settings of an organization', () => {
  const clock = new TestClock();
  let cluster: Cluster;
  let operator: Caller;

  beforeAll(async () => {
    cluster = await startCluster({ clock });
    operator = cluster.a.api;
  });

  afterAll(() => cluster.close());

  const pathOf = ({ id }: { id: string }): string => `/organizations/${id}`;

  it('are seen by the operator and by all of the organization, and by nobody else', async () => {
    const { organization, api } = await anOrganization(cluster.a);
    const agent = await anAgent(api, { password: PASSWORD });
    const { api_key: _, ...shown } = organization;
    const { as } = await anApplication(cluster.a, { scopes: ['messages:read'] }, api);
    for (const caller of [operator, api, as, await cluster.b.login(agent['username'], PASSWORD, organization['slug'])]) {
      expect(await caller.get(pathOf(organization))).toMatchObject({ status: 200, body: shown });
    }
    const stranger = await anOrganization(cluster.a);
    const answers = [await stranger.api.get(pathOf(organization)), await stranger.api.put(pathOf(organization), { name: 'x' }), await operator.get('/organizations/org_00000000000000000000000000')];
    for (const { body } of answers) expect(body).toMatchObject({ status: 404, code: 'organization.not_found' });
  });

  it('are listed for the operator alone', async () => {
    const { organization, api } = await anOrganization(cluster.a);
    const { body } = await operator.get(`/organizations?include_total=true&limit=1`);
    expect(body).toMatchObject({ data: [{ id: organization.id }], has_more: true, total: expect.any(Number) });
    expect((await operator.get('/organizations?slug=default')).body.data).toMatchObject([{ name: 'Default', closed_at: null }]);
    const { as } = await anApplication(cluster.a);
    const admin = await cluster.a.login('admin', 'correct horse battery staple');
    for (const caller of [api, as, admin]) expect((await caller.get('/organizations')).body).toMatchObject({ status: 403, code: 'organization.operator_only' });
  });

  it('are changed by the operator and by who administers the organization', async () => {
    const { organization, api } = await anOrganization(cluster.a);
    const [admin, supervisor] = await Promise.all(['admin', 'supervisor'].map((role) => anAgent(api, { role, password: PASSWORD })));
    const [asAdmin, asSupervisor] = await Promise.all([admin!, supervisor!].map(({ username }: Resource) => cluster.a.login(username, PASSWORD, organization['slug'])));
    clock.advance(1000);
    for (const [caller, name] of [[operator, 'by the operator'], [api, 'by its key'], [asAdmin!, 'by its admin']] as const) {
      expect((await caller.put(pathOf(organization), { name })).body).toMatchObject({ id: organization.id, slug: organization['slug'], time_zone: 'UTC', name });
    }
    const changed = (await asAdmin!.put(pathOf(organization), { time_zone: 'Asia/Shanghai' })).body;
    expect(changed).toMatchObject({ name: 'by its admin', time_zone: 'Asia/Shanghai' });
    expect(changed.updated_at > organization['updated_at']).toBe(true);
    expect((await cluster.b.as(api.headers).get(pathOf(organization))).body).toEqual(changed);
    const { as } = await anApplication(cluster.a, {}, api);
    for (const caller of [asSupervisor!, as]) expect((await caller.put(pathOf(organization), { name: 'x' })).body).toMatchObject({ status: 403, code: 'organization.administrators_only' });
    expect((await api.put(pathOf(organization), { slug: 'other' })).body).toMatchObject({ status: 422, errors: [{ field: 'slug' }] });
    expect((await api.get(pathOf(organization))).body).toEqual(changed);
    const order = await created(api.post('/crm/orders', { order_id: 'O-1', create_time: '2023-10-26 12:00:00' }));
    expect(order['create_time']).toBe('2023-10-26T04:00:00.000Z');
  });

  it('change under the tag that was read, and nothing is recorded where nothing changes', async () => {
    const { organization, api } = await anOrganization(cluster.a);
    const before = await api.get(pathOf(organization));
    const tag = { 'if-match': before.headers.get('etag')! };
    clock.advance(1000);
    expect((await api.put(pathOf(organization), { name: organization['name'] }, tag)).body).toEqual(before.body);
    expect((await api.put(pathOf(organization), { name: 'new' }, tag)).status).toBe(200);
    expect((await api.put(pathOf(organization), { name: 'newer' }, tag)).body).toMatchObject({ status: 412, code: 'request.precondition_failed' });
    expect((await operator.put(pathOf(organization), { time_zone: 'Europe/Berlin' })).status).toBe(200);
    const { data } = (await api.get(`/audit-logs?target_id=${organization.id}&sort=created_at`)).body;
    expect(data).toMatchObject([
      { action: 'organization.updated', actor_id: organization['api_key'].id, changes: { name: { old: organization['name'], new: 'new' } }, details: {} },
      { action: 'organization.updated', actor_kind: 'system', actor_id: null, changes: { time_zone: { old: 'UTC', new: 'Europe/Berlin' } }, details: { by: 'operator' } },
    ]);
    const operators = (await operator.get(`/audit-logs?target_id=${organization.id}&sort=created_at`)).body.data;
    expect(operators.map(({ action, actor_kind }: Resource) => [action, actor_kind])).toEqual([['organization.created', 'api_key'], ['organization.updated', 'api_key']]);
  });
});
