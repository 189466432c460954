import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aLogin, anAgent, anOrganization, created, tally } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import type { Caller } from '../support/start-test-app.js';

describe('departments and business hours', () => {
  let cluster: Cluster;
  let api: Caller;

  beforeAll(async () => {
    cluster = await startCluster();
  });

  beforeEach(async () => {
    ({ api } = await anOrganization(cluster.a));
  });

  afterAll(() => cluster.close());

  const hours = (over: object = {}): Promise<Resource> => created(api.post('/business-hours', { name: 'office', time_zone: 'Asia/Shanghai', weekly: {}, ...over }));
  const department = (over: object = {}): Promise<Resource> => created(api.post('/departments', { name: 'support', ...over }));
  const changes = async (target: Resource): Promise<[string, Record<string, unknown>][]> =>
    (await api.get(`/audit-logs?target_id=${target.id}&sort=created_at`)).body.data.map((entry: Resource) => [entry['action'], entry['changes']]);

  it('have settings that stand for nothing until they are given', async () => {
    expect(await department()).toEqual({
      id: expect.stringMatching(/^dpt_/), name: 'support', description: null, is_default: false, skills: [], business_hours_id: null, off_hours: 'queue',
      assignment_timeout_seconds: null, inactivity_close_seconds: null, open: true, created_at: expect.any(String), updated_at: expect.any(String),
    });
    expect(await hours()).toMatchObject({ id: expect.stringMatching(/^bhr_/), name: 'office', weekly: {}, holidays: [], open: false });
  });

  it('have names of their own in each organization', async () => {
    const [support, office] = [await department(), await hours()];
    const { api: theirs } = await anOrganization(cluster.a);
    for (const [path, body, code] of [
      ['/departments', { name: 'support' }, 'department.name_taken'],
      ['/business-hours', { name: 'office', time_zone: 'UTC', weekly: {} }, 'business_hours.name_taken'],
    ] as const) {
      expect(await api.post(path, body)).toMatchObject({ status: 409, body: { code } });
      const other = await created(api.post(path, { ...body, name: 'other' }));
      expect(await api.put(`${path}/${other.id}`, { name: body.name })).toMatchObject({ status: 409, body: { code } });
      expect((await theirs.post(path, body)).status).toBe(201);
      const many = await Promise.all(Array.from({ length: 6 }, (_, index) => cluster.each(index).as(api.headers).post(path, { ...body, name: 'many' })));
      expect(tally(many)).toEqual({ 201: 1, 409: 5 });
    }
    expect(await theirs.get(`/departments/${support.id}`)).toMatchObject({ status: 404, body: { code: 'department.not_found' } });
    expect((await theirs.post('/departments', { name: 'x', business_hours_id: office.id })).body.errors).toMatchObject([{ field: 'business_hours_id', code: 'business_hours.not_found' }]);
  });

  it('have one default at the most, however many become it at once', async () => {
    const departments = await Promise.all(['a', 'b', 'c', 'd'].map((name) => department({ name })));
    const answers = await Promise.all(departments.map(({ id }, index) => cluster.each(index).as(api.headers).put(`/departments/${id}`, { is_default: true })));
    expect(tally(answers)).toEqual({ 200: 4 });
    const defaults = (await api.get('/departments?is_default=true')).body.data;
    expect(defaults).toHaveLength(1);
    expect((await department({ name: 'e', is_default: true }))['is_default']).toBe(true);
    expect((await api.get('/departments?is_default=true')).body.data).toMatchObject([{ name: 'e' }]);
    expect((await api.get(`/departments/${defaults[0].id}`)).body).toMatchObject({ is_default: false });
  });

  it('go only when nobody needs them', async () => {
    const office = await hours();
    const support = await department({ business_hours_id: office.id });
    expect(await api.delete(`/business-hours/${office.id}`)).toMatchObject({ status: 409, body: { code: 'business_hours.in_use', departments: ['support'] } });
    // To be given and to go at the same time.
    const other = await department({ name: 'other' });
    await api.put(`/departments/${support.id}`, { business_hours_id: null });
    const [given, gone] = await Promise.all([
      cluster.a.as(api.headers).put(`/departments/${other.id}`, { business_hours_id: office.id }),
      cluster.b.as(api.headers).delete(`/business-hours/${office.id}`),
    ]);
    expect([[200, 409], [422, 204]]).toContainEqual([given.status, gone.status]);
    expect((await api.delete(`/departments/${other.id}`)).status).toBe(204);
    expect(await api.get(`/departments/${other.id}`)).toMatchObject({ status: 404 });
  });

  it('leave agents and conversations their names when they go', async () => {
    const support = await department();
    const agent = await anAgent(api, { department: 'support' });
    const conversation = await aConversation(api, { department: 'support' });
    await api.put(`/departments/${support.id}`, { name: 'service' });
    await api.delete(`/departments/${support.id}`);
    expect((await api.get(`/agents/${agent.id}`)).body).toMatchObject({ department: 'support' });
    expect((await api.get(`/conversations/${conversation.id}`)).body).toMatchObject({ department: 'support', agent_id: agent.id });
  });

  it('refuse hours that cannot be', async () => {
    const refused: [object, string, string][] = [
      [{ weekly: { monday: [{ from: '09:00', to: '18:00' }, { from: '10:00', to: '10:00' }] } }, 'weekly.monday[1].to', 'business_hours.interval_empty'],
      [{ holidays: [{ date: '2026-02-30' }] }, 'holidays[0].date', 'business_hours.date_invalid'],
      [{ holidays: [{ date: '2026-05-01' }, { date: '2026-05-01' }] }, 'holidays[1].date', 'business_hours.date_repeated'],
      [{ holidays: [{ date: '2026-05-01', hours: [{ from: '00:00', to: '00:00' }] }] }, 'holidays[0].hours[0].to', 'business_hours.interval_empty'],
      [{ weekly: { monday: [{ from: '9:00', to: '18:00' }] } }, 'weekly.monday[0].from', 'matches'],
      [{ weekly: { monday: [{ from: '24:00', to: '18:00' }] } }, 'weekly.monday[0].from', 'matches'],
      [{ weekly: { mon: [] } }, 'weekly.mon', 'unknown_field'],
      [{ time_zone: 'Mars/Olympus' }, 'time_zone', 'is_time_zone'],
    ];
    for (const [over, field, code] of refused) {
      expect((await api.post('/business-hours', { name: 'bad', time_zone: 'UTC', weekly: {}, ...over })).body.errors, field).toMatchObject([{ field, code }]);
    }
    expect((await api.get('/business-hours')).body.data).toEqual([]);
  });

  it('say who changed them', async () => {
    const office = await hours();
    const support = await department();
    await api.put(`/departments/${support.id}`, { business_hours_id: office.id, is_default: true });
    await api.put(`/departments/${support.id}`, { is_default: true });
    await api.delete(`/departments/${support.id}`);
    await api.put(`/business-hours/${office.id}`, { time_zone: 'UTC' });
    expect(await changes(support)).toEqual([
      ['department.created', expect.objectContaining({ name: { old: null, new: 'support' } })],
      ['department.updated', { business_hours_id: { old: null, new: office.id }, is_default: { old: false, new: true } }],
      ['department.deleted', {}],
    ]);
    expect((await changes(office))[1]).toEqual(['business_hours.updated', { time_zone: { old: 'Asia/Shanghai', new: 'UTC' } }]);
  });

  it('are read by agents and written by administrators', async () => {
    const { as: agent } = await aLogin(cluster.a);
    const { as: admin } = await aLogin(cluster.a, { role: 'admin' });
    expect((await agent.get('/departments')).status).toBe(200);
    expect(await agent.post('/departments', { name: 'mine' })).toMatchObject({ status: 403, body: { code: 'auth.scope_missing' } });
    expect((await admin.post('/departments', { name: 'ours' })).status).toBe(201);
  });
});
