import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Applications } from '../../src/modules/auth/applications.contract.js';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, anAgent, anApplication, anOrganization, created } from '../support/desk.js';
import { anApiKey, aPlainApplication } from '../support/integrations.js';
import type { Answer, Caller } from '../support/start-test-app.js';

const EVERYTHING = {
  name: '订单系统', scopes: ['conversations:read', 'messages:write'], ip_allowlist: ['203.0.113.0/24', '198.51.100.7', '2001:db8::/32', '::1'],
  rate_limit: { limit: 1_000_000, window_seconds: 86_400 }, data_scope: { departments: ['support'], channels: ['web', '微信'], agent_ids: ['agt_1'] }, enabled: false,
};

describe('applications', () => {
  let cluster: Cluster;
  let api: Caller;

  beforeAll(async () => {
    cluster = await startCluster();
    api = cluster.a.api;
  });

  afterAll(() => cluster.close());

  const post = (body: unknown, by = api): Promise<Answer> => by.post('/applications', body);

  /** A caller with a key under an application of its own. */
  async function aCaller(over: Record<string, unknown>): Promise<Caller> {
    return (await anApplication(cluster.a, over)).as;
  }

  function expectForbidden(answer: Answer, code: string): void {
    expect({ status: answer.status, code: answer.body?.code }).toEqual({ status: 403, code });
  }

  it('are created with what is given, and open where nothing is', async () => {
    const plain = await post({ name: 'Widget', scopes: ['messages:write'] });
    expect(plain.status).toBe(201);
    expect(plain.headers.get('location')).toBe(`/api/v1/applications/${plain.body.id}`);
    expect(plain.body).toEqual({
      id: expect.stringMatching(/^app_[0-9a-z]{26}$/), name: 'Widget', scopes: ['messages:write'], ip_allowlist: [], rate_limit: null, data_scope: null, enabled: true,
      created_at: expect.any(String), updated_at: plain.body.created_at,
    });
    const full = await post(EVERYTHING);
    expect(full.body).toMatchObject(EVERYTHING);
    expect((await cluster.b.api.get(`/applications/${full.body.id}`)).body).toEqual(full.body);
  });

  it('are changed field by field under their tag, and deleted', async () => {
    const application = await aPlainApplication(api, EVERYTHING);
    const path = `/applications/${application.id}`;
    const tag = (await api.get(path)).headers.get('etag')!;
    const renamed = await api.put(path, { name: 'New' }, { 'if-match': tag });
    expect(renamed.body).toEqual({ ...application, name: 'New', updated_at: expect.any(String) });
    expect((await api.put(path, { name: 'Late' }, { 'if-match': tag })).status).toBe(412);
    expect((await api.delete(path, { 'if-match': tag })).status).toBe(412);
    const opened = await api.put(path, { rate_limit: null, data_scope: null, ip_allowlist: [] });
    expect(opened.body).toMatchObject({ name: 'New', rate_limit: null, data_scope: null, ip_allowlist: [] });
    const confined = await api.put(path, { data_scope: { channels: ['app'] } });
    expect(confined.body.data_scope).toEqual({ departments: [], channels: ['app'], agent_ids: [] });
    expect((await api.put(path, {})).body).toEqual(confined.body);
    expect((await api.delete(path)).status).toBe(204);
    for (const answer of [await api.get(path), await api.put(path, { name: 'x' }), await api.delete(path), await api.get(`${path}/api-keys`)]) {
      expect(answer).toMatchObject({ status: 404, body: { code: 'application.not_found' } });
    }
  });

  it('are listed page by page, the newest first', async () => {
    const { api: theirs } = await anOrganization(cluster.a);
    const made = [];
    for (const enabled of [true, false, true]) made.unshift(await aPlainApplication(theirs, { enabled }));
    const first = (await theirs.get('/applications?limit=2&include_total=true')).body;
    expect(first).toMatchObject({ data: made.slice(0, 2), has_more: true, total: 3 });
    expect((await theirs.get(`/applications?limit=2&cursor=${first.next_cursor}`)).body).toMatchObject({ data: made.slice(2), has_more: false });
    expect((await theirs.get('/applications?enabled=false')).body.data).toEqual([made[1]]);
  });

  it.each<[string, unknown]>([
    ['name', undefined], ['name', ''], ['name', 'x'.repeat(201)], ['name', 7],
    ['scopes', undefined], ['scopes', []], ['scopes', 'messages:read'], ['scopes', ['messages']], ['scopes', ['messages:delete']], ['scopes', ['operator']],
    ['scopes', ['messages:read', 'messages:read']], ['scopes', [null]], ['scopes', ['any']],
    ['ip_allowlist', '10.0.0.0/8'], ['ip_allowlist', ['010.0.0.1']], ['ip_allowlist', ['10.1/16']], ['ip_allowlist', ['0x7f000001']], ['ip_allowlist', ['2130706433']],
    ['ip_allowlist', ['10.0.0.0/33']], ['ip_allowlist', ['10.0.0.0/-1']], ['ip_allowlist', ['10.0.0.0/']], ['ip_allowlist', ['/8']], ['ip_allowlist', ['::/129']],
    ['ip_allowlist', ['10.0.0.0/8/8']], ['ip_allowlist', ['fe80::1%eth0']], ['ip_allowlist', ['fe80::1%eth0/64']], ['ip_allowlist', ['example.com']], ['ip_allowlist', ['']],
    ['ip_allowlist', [' 10.0.0.1']], ['ip_allowlist', [7]], ['ip_allowlist', ['10.0.0.1', '10.0.0.1']], ['ip_allowlist', null],
    ['ip_allowlist', Array.from({ length: 101 }, (_, index) => `10.0.0.${index}`)],
    ['rate_limit', { limit: 0, window_seconds: 1 }], ['rate_limit', { limit: 1_000_001, window_seconds: 1 }], ['rate_limit', { limit: 1, window_seconds: 0 }],
    ['rate_limit', { limit: 1, window_seconds: 86_401 }], ['rate_limit', { limit: 1.5, window_seconds: 1 }], ['rate_limit', { limit: 1 }], ['rate_limit', '100/60'], ['rate_limit', []],
    ['data_scope', []], ['data_scope', 'support'], ['data_scope', { departments: 'support' }], ['data_scope', { departments: [''] }], ['data_scope', { agents: [] }],
    ['data_scope', { departments: ['a', 'a'] }], ['data_scope', { channels: ['x'.repeat(65)] }], ['data_scope', { agent_ids: [7] }], ['data_scope', { departments: null }],
    ['data_scope', { departments: Array.from({ length: 51 }, (_, index) => `d${index}`) }],
    ['data_scope', { departments: names(8), channels: names(8), agent_ids: names(8) }],
    ['enabled', 'yes'], ['enabled', null],
    ['id', 'app_01k5x6j3q8v4m2n7p9r1s5t6w0'], ['organization_id', 'org_01k5x6j3q8v4m2n7p9r1s5t6w0'], ['created_at', '2026-03-01T09:30:00.000Z'], ['operator', true],
  ])('%s cannot be %j', async (field, value) => {
    const application = await aPlainApplication(api);
    const answers = [await post({ name: 'x', scopes: ['*'], [field]: value })];
    if (value !== undefined) answers.push(await api.put(`/applications/${application.id}`, { [field]: value }));
    for (const { status, body } of answers) {
      expect({ status, code: body.code, field: body.errors?.[0]?.field.split(/[.[]/, 1)[0] }).toEqual({ status: 422, code: 'request.invalid', field });
    }
    expect((await api.get(`/applications/${application.id}`)).body).toEqual(application);
  });

  it('take as many combinations of data as a socket can stand in rooms', async () => {
    const data_scope = { departments: names(10), channels: names(10), agent_ids: names(5) };
    expect((await aPlainApplication(api, { data_scope }))['data_scope']).toEqual(data_scope);
  });

  it('of one organization are nothing to another', async () => {
    const { api: theirs } = await anOrganization(cluster.a);
    const application = await aPlainApplication(api);
    const key = await anApiKey(api, application);
    const path = `/applications/${application.id}`;
    const foreign = [
      await theirs.get(path), await theirs.put(path, { name: 'mine' }), await theirs.delete(path), await theirs.get(`${path}/api-keys`),
      await theirs.post(`${path}/api-keys`, { name: 'mine' }), await theirs.get(`${path}/api-keys/${key.id}`), await theirs.delete(`${path}/api-keys/${key.id}`),
      await theirs.post(`${path}/api-keys/${key.id}/rotate`, {}),
    ];
    for (const { status, body } of foreign) expect({ status, code: body.code }).toEqual({ status: 404, code: 'application.not_found' });
    // A key is found under its own application only.
    const own = `/applications/${(await aPlainApplication(theirs)).id}/api-keys/${key.id}`;
    for (const { status, body } of [await theirs.get(own), await theirs.delete(own), await theirs.post(`${own}/rotate`, {})]) {
      expect({ status, code: body.code }).toEqual({ status: 404, code: 'api_key.not_found' });
    }
    expect((await theirs.get('/applications?limit=100')).body.data.map(({ id }: { id: string }) => id)).not.toContain(application.id);
    expect((await api.get(`${path}/api-keys/${key.id}`)).status).toBe(200);
  });

  describe('cannot be given', () => {
    it('scopes that the caller does not hold', async () => {
      const by = await aCaller({ scopes: ['applications:read', 'applications:write', 'messages:read'] });
      expect((await post({ name: 'x', scopes: ['messages:read', 'applications:write'] }, by)).status).toBe(201);
      for (const scopes of [['*'], ['messages:read', 'messages:write'], ['agents:read']]) expectForbidden(await post({ name: 'x', scopes }, by), 'application.scope_not_held');
      const lesser = await aPlainApplication(api, { scopes: ['messages:read'] });
      expectForbidden(await by.put(`/applications/${lesser.id}`, { scopes: ['messages:read', 'crm:read'] }), 'application.scope_not_held');
      expect((await api.get(`/applications/${lesser.id}`)).body).toEqual(lesser);
    });

    it('more by an update than there is', async () => {
      const by = await aCaller({ scopes: ['applications:write', 'messages:read'] });
      const greater = await aPlainApplication(api, { scopes: ['messages:read', 'crm:read'] });
      const path = `/applications/${greater.id}`;
      // What it has was given by others: to name it, to take from it and to disable it gives nobody more.
      expect((await by.put(path, { name: 'renamed' })).status).toBe(200);
      expect((await by.put(path, { scopes: ['crm:read'] })).status).toBe(200);
      expect((await by.put(path, { enabled: false })).status).toBe(200);
      expectForbidden(await by.put(path, { enabled: true }), 'application.scope_not_held');
      expectForbidden(await by.put(path, { scopes: ['*'] }), 'application.scope_not_held');
      expect((await by.put(path, { scopes: ['messages:read'], enabled: true })).status).toBe(200);
    });

    it('keys that may do more than the caller', async () => {
      const by = await aCaller({ scopes: ['applications:write', 'messages:read'] });
      const greater = await aPlainApplication(api);
      const path = `/applications/${greater.id}/api-keys`;
      expectForbidden(await by.post(path, { name: 'x' }), 'application.scope_not_held');
      expectForbidden(await by.post(path, { name: 'x', scopes: ['crm:read'] }), 'application.scope_not_held');
      expect((await by.post(path, { name: 'x', scopes: ['messages:read'] })).status).toBe(201);
      const full = await anApiKey(api, greater);
      expectForbidden(await by.post(`${path}/${full.id}/rotate`, {}), 'application.scope_not_held');
      expect((await cluster.a.as({ 'x-api-key': full['key'] }).get('/auth/me')).status).toBe(200);
    });

    it('data that the caller does not see, nor be touched where they see it already', async () => {
      const by = await aCaller({ scopes: ['*'], data_scope: { departments: ['support', 'sales'] } });
      const wider = [null, {}, { channels: ['web'] }, { departments: ['support', 'billing'] }];
      for (const data_scope of wider) {
        expectForbidden(await post({ name: 'x', scopes: ['messages:read'], data_scope }, by), 'application.data_scope_exceeded');
        const other = await aPlainApplication(api, { data_scope });
        const path = `/applications/${other.id}`;
        const key = await anApiKey(api, other);
        const touches = [
          await by.put(path, { name: 'x' }), await by.put(path, { data_scope: { departments: ['support'] } }), await by.delete(path), await by.post(`${path}/api-keys`, { name: 'x' }),
          await by.delete(`${path}/api-keys/${key.id}`), await by.post(`${path}/api-keys/${key.id}/rotate`, {}),
        ];
        for (const touch of touches) expectForbidden(touch, 'application.data_scope_exceeded');
        expect((await api.get(path)).body).toEqual(other);
      }
      expectForbidden(await post({ name: 'x', scopes: ['*'] }, by), 'application.data_scope_exceeded');
      const narrower = await created(post({ name: 'x', scopes: ['*'], data_scope: { departments: ['sales'], channels: ['web'] } }, by));
      expectForbidden(await by.put(`/applications/${narrower.id}`, { data_scope: null }), 'application.data_scope_exceeded');
      expect((await by.put(`/applications/${narrower.id}`, { data_scope: { departments: ['sales'] } })).status).toBe(200);
      expect((await by.post(`/applications/${narrower.id}/api-keys`, { name: 'x' })).status).toBe(201);
      expect((await by.delete(`/applications/${narrower.id}`)).status).toBe(204);
    });
  });

  it('confine what their keys see, as soon as they are changed', async () => {
    const application = await aPlainApplication(api, { data_scope: { departments: ['support'] } });
    const key = await anApiKey(api, application);
    const [here, there] = [await aConversation(api, { department: 'support' }), await aConversation(api, { department: 'sales' })];
    const seen = async (on = cluster.a): Promise<number[]> => {
      const by = on.as({ 'x-api-key': key['key'] });
      return Promise.all([here, there].map(async ({ id }) => (await by.get(`/conversations/${id}`)).status));
    };
    expect([await seen(), await seen(cluster.b)]).toEqual([[200, 404], [200, 404]]);
    await api.put(`/applications/${application.id}`, { data_scope: { departments: ['sales'] } });
    expect(await seen()).toEqual([404, 200]);
    await expect.poll(() => seen(cluster.b), { timeout: 1000, interval: 10 }).toEqual([404, 200]);
  });

  it('are told to other modules on every instance', async () => {
    const application = await aPlainApplication(api, { ip_allowlist: ['198.51.100.7', '2001:db8::7', '10.0.0.0/8'] });
    const [here, there] = [cluster.a, cluster.b].map(({ app }) => app.get(Applications)) as [Applications, Applications];
    const heard: string[] = [];
    there.onChange((id) => heard.push(id));
    expect((await there.find(application.id))?.grant).toEqual({
      id: application.id, dataScope: null, rateLimit: null, ipAllowlist: ['198.51.100.7/32', '2001:db8::7/128', '10.0.0.0/8'],
    });
    await api.put(`/applications/${application.id}`, { rate_limit: { limit: 5, window_seconds: 60 }, enabled: false });
    expect(await here.find(application.id)).toMatchObject({ enabled: false, grant: { rateLimit: { limit: 5, windowSeconds: 60 } } });
    await expect.poll(async () => (await there.find(application.id))?.enabled, { timeout: 1000, interval: 10 }).toBe(false);
    expect(heard).toContain(application.id);
    await api.delete(`/applications/${application.id}`);
    await expect.poll(() => there.find(application.id), { timeout: 1000, interval: 10 }).toBeNull();
  });

  it('are in the audit log with who changed them', async () => {
    const { agent, by } = await anAdmin();
    const application = await created(post({ name: 'Watched', scopes: ['messages:read'] }, by));
    await by.put(`/applications/${application.id}`, { scopes: ['*'] });
    const key = await anApiKey(by, application);
    await by.delete(`/applications/${application.id}/api-keys/${key.id}`);
    await by.delete(`/applications/${application.id}`);
    const { body, text } = await api.get(`/audit-logs?actor_id=${agent.id}&limit=100`);
    const entries = (body.data as { action: string; target_id: string; changes: Record<string, unknown> }[]).filter(({ target_id }) => [application.id, key.id].includes(target_id));
    expect(entries.map(({ action }) => action)).toEqual(['application.deleted', 'api_key.revoked', 'api_key.created', 'application.updated', 'application.created']);
    expect(entries[3]!.changes).toEqual({ scopes: { old: ['messages:read'], new: ['*'] } });
    expect(text).not.toContain(key['key']);
  });

  async function anAdmin() {
    const password = 'the password of an admin';
    const agent = await anAgent(api, { password, role: 'admin' });
    return { agent, by: await cluster.a.login(agent['username'], password) };
  }
});

function names(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `n${index}`);
}
