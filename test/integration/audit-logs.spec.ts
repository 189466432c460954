import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { startCallbackSink } from '../support/callback-sink.js';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aLogin, aMessage, anAgent, anApplication, anEndpoint, anOrganization, created, tally, unique } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import type { Answer, Caller } from '../support/start-test-app.js';
import { TestClock } from '../support/test-clock.js';

const PASSWORD = 'the password of an agent';
const FROM = { 'user-agent': 'a browser', 'x-request-id': 'the-request' };

describe('the audit log', () => {
  const clock = new TestClock();
  let cluster: Cluster;
  let api: Caller;
  let organization: Resource;

  beforeAll(async () => {
    cluster = await startCluster({ clock });
    ({ api, organization } = await anOrganization(cluster.a));
  });

  afterAll(() => cluster.close());

  const list = async (query = '', by = api): Promise<Resource[]> => {
    const { status, body } = await by.get(`/audit-logs?limit=100&${query}`);
    expect(status).toBe(200);
    return body.data;
  };
  /** The oldest first. */
  const about = async (id: string, by = api): Promise<Resource[]> => (await list(`target_id=${id}&sort=created_at`, by)).map(({ id: _, created_at, ...entry }) => {
    expect(Math.abs(Date.parse(created_at) - clock.now())).toBeLessThan(60_000);
    return entry as Resource;
  });
  const login = (username: string, password: string, slug = organization['slug']): Promise<Answer> =>
    cluster.a.as({}).post('/auth/login', { username, password, organization: slug }, FROM);
  const here = { address: '127.0.0.1', user_agent: 'a browser', request_id: 'the-request' };
  const me = (): object => ({ actor_kind: 'api_key', actor_id: organization['api_key'].id, application_id: null });

  it('tells what was done to an agent, with old and new values, and of a password only that it changed', async () => {
    const agent = await created(api.post('/agents', { username: unique('agent'), password: PASSWORD, department: 'support' }, FROM));
    await api.put(`/agents/${agent.id}`, { role: 'supervisor', department: null, password: 'another password' }, FROM);
    await api.put(`/agents/${agent.id}`, { role: 'supervisor' }, FROM);
    await api.put(`/agents/${agent.id}/status`, { status: 'online' }, FROM);
    await api.delete(`/agents/${agent.id}`, FROM);
    await api.put(`/agents/${agent.id}`, { enabled: true }, FROM);
    const entry = (action: string, changes: object): object => ({ ...me(), ...here, action, target_type: 'agent', target_id: agent.id, details: {}, changes });
    const [first, ...others] = await about(agent.id);
    expect(first).toEqual(entry('agent.created', expect.objectContaining({
      username: { old: null, new: agent['username'] }, department: { old: null, new: 'support' }, role: { old: null, new: 'agent' }, enabled: { old: null, new: true }, password: 'changed',
    })));
    expect(others).toEqual([
      entry('agent.updated', { role: { old: 'agent', new: 'supervisor' }, department: { old: 'support', new: null }, password: 'changed' }),
      entry('agent.deleted', { enabled: { old: true, new: false } }),
      entry('agent.updated', { enabled: { old: false, new: true } }),
    ]);
  });

  it('tells of log-ins, of those that failed, and of log-outs', async () => {
    const { id, username } = await anAgent(api, { password: PASSWORD });
    await login(username, 'not the password');
    const { access_token } = (await login(username, PASSWORD)).body;
    const as = cluster.a.as({ authorization: `Bearer ${access_token}` });
    await as.put('/auth/password', { current_password: 'not the password', new_password: 'another password' }, FROM);
    await as.put('/auth/password', { current_password: PASSWORD, new_password: 'another password' }, FROM);
    await as.post('/auth/logout', undefined, FROM);
    const itself = { actor_kind: 'agent', actor_id: id, application_id: null };
    const entry = (action: string, over: object): object => ({ ...itself, ...here, action, target_type: 'agent', target_id: id, details: {}, changes: {}, ...over });
    expect((await about(id)).slice(1)).toEqual([
      entry('auth.login_failed', { actor_kind: 'anonymous', actor_id: null, details: { username, organization: organization['slug'] } }),
      entry('auth.login', {}),
      entry('auth.password_change_failed', {}),
      entry('auth.password_changed', { changes: { password: 'changed' } }),
      entry('auth.logout', {}),
    ]);
  });

  it('tells of a refresh token that came a second time', async () => {
    const { id, username } = await anAgent(api, { password: PASSWORD });
    const { refresh_token } = (await login(username, PASSWORD)).body;
    const refresh = (): Promise<Answer> => cluster.a.as({}).post('/auth/refresh', { refresh_token }, FROM);
    expect((await refresh()).status).toBe(200);
    for (let use = 0; use < 2; use++) expect((await refresh()).status).toBe(401);
    const entries = (await about(id)).filter(({ action }) => action === 'auth.refresh_reused');
    expect(entries).toEqual([{ actor_kind: 'anonymous', actor_id: null, application_id: null, ...here, action: 'auth.refresh_reused', target_type: 'agent', target_id: id, details: {}, changes: {} }]);
  });

  it('tells of failed log-ins of names that nobody has; those in no organization are told to the operator', async () => {
    const names = [unique('nobody'), unique('nobody')];
    await login(names[0]!, PASSWORD);
    await login(names[1]!, PASSWORD, 'no-such-organization');
    const failures = async (by: Caller): Promise<unknown[]> => (await list('action=auth.login_failed', by)).filter(({ target_id }) => target_id === null).map(({ details }) => details);
    expect(await failures(api)).toEqual([{ username: names[0], organization: organization['slug'] }]);
    expect(await failures(cluster.a.api)).toEqual([{ username: names[1], organization: 'no-such-organization' }]);
  });

  it('tells what was done to endpoints, without their secrets', async () => {
    const sink = await startCallbackSink({ answer: () => ({ status: 410 }) });
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const endpoint = await anEndpoint(api, sink.url, { secret, headers: { 'x-token': 'token of the receiver' }, events: ['visitor.created'] });
    await api.put(`/callbacks/${endpoint.id}`, { headers: { 'x-token': 'its next token' }, timeout_ms: 2000 }, FROM);
    await api.put(`/callbacks/${endpoint.id}`, { timeout_ms: 2000 }, FROM);
    await created(api.post('/visitors', {}));
    await cluster.settle();
    await sink.close();
    await api.delete(`/callbacks/${endpoint.id}`, FROM);
    const entries = await about(endpoint.id);
    const entry = (action: string, over: object): object => ({ ...me(), ...here, action, target_type: 'callback', target_id: endpoint.id, details: {}, changes: {}, ...over });
    expect(entries.map(({ action }) => action)).toEqual(['callback.created', 'callback.updated', 'callback.disabled', 'callback.deleted']);
    expect(entries[0]!['changes']).toMatchObject({ url: { old: null, new: sink.url }, header_names: { old: null, new: ['x-token'] } });
    expect(entries.slice(1)).toEqual([
      entry('callback.updated', { changes: { timeout_ms: { old: 15000, new: 2000 }, headers: 'changed' } }),
      entry('callback.disabled', { actor_kind: 'system', actor_id: null, address: null, user_agent: null, request_id: null, changes: { enabled: { old: true, new: false } }, details: { reason: 'gone' } }),
      entry('callback.deleted', { details: { url: sink.url } }),
    ]);
    for (const text of [secret, 'token of the receiver', 'its next token', PASSWORD]) expect(JSON.stringify(await list())).not.toContain(text);
  });

  it('tells who recovered what of an endpoint, and who cancelled it', async () => {
    const endpoint = await anEndpoint(api, 'http://127.0.0.1:9/', { events: ['visitor.created'] });
    const [since, until] = [new Date(clock.now() - 7_200_000).toISOString(), new Date(clock.now() - 3_600_000).toISOString()];
    const done = (await api.post(`/callbacks/${endpoint.id}/recover`, { since, until, include_succeeded: true }, FROM)).body;
    await cluster.settle();
    await api.delete(`/callbacks/${endpoint.id}/recoveries/${done.id}`, FROM);
    const running = `rec_${'1'.repeat(26)}`;
    const unitOfWork = cluster.a.app.get(UnitOfWork);
    const columns = 'organization_id, callback_id, since_at, until_at, include_succeeded, total, created_at';
    await unitOfWork.run(() => unitOfWork.write(
      `INSERT INTO callback_recoveries (id, running_for, status, claimed_until, ${columns}) SELECT ?, callback_id, 'running', ?, ${columns} FROM callback_recoveries WHERE id = ?`,
      [running, clock.now() + 3_600_000, done.id],
    ));
    for (let round = 0; round < 2; round++) expect((await api.delete(`/callbacks/${endpoint.id}/recoveries/${running}`, FROM)).body.status).toBe('cancelled');
    await api.post(`/callbacks/${endpoint.id}/recover`, { since: until, until: since }, FROM);
    const entry = (action: string, details: object): object => ({ ...me(), ...here, action, target_type: 'callback', target_id: endpoint.id, details, changes: {} });
    expect((await about(endpoint.id)).slice(1)).toEqual([
      entry('callback.recovery_started', { recovery_id: done.id, since, until, include_succeeded: true }),
      entry('callback.recovery_cancelled', { recovery_id: running }),
    ]);
  });

  it('tells who sent something again by hand', async () => {
    const endpoint = await anEndpoint(api, 'http://127.0.0.1:9/', { events: ['visitor.created'] });
    await created(api.post('/visitors', {}));
    await cluster.settle();
    const [delivery] = (await api.get(`/callbacks/${endpoint.id}/deliveries`)).body.data;
    expect((await api.post(`/callbacks/${endpoint.id}/deliveries/${delivery.id}/retry`, undefined, FROM)).status).toBe(202);
    expect((await about(endpoint.id)).slice(1)).toEqual([
      { ...me(), ...here, action: 'callback.delivery_retried', target_type: 'callback', target_id: endpoint.id, details: { delivery_id: delivery.id }, changes: {} },
    ]);
  });

  it('tells of organizations, applications and their keys, and through which application something was done', async () => {
    const { organization: made } = await anOrganization(cluster.a);
    expect(await about(made.id, cluster.a.api)).toMatchObject([{ action: 'organization.created', changes: { slug: { old: null, new: made['slug'] } }, details: { api_key_id: made['api_key'].id } }]);
    const { application, as } = await anApplication(cluster.a, {}, api);
    const agent = await anAgent(as);
    const { id } = (await as.get('/auth/me')).body;
    expect(await about(agent.id)).toMatchObject([{ actor_kind: 'api_key', actor_id: id, application_id: application.id, address: '127.0.0.1' }]);
    expect((await list(`actor_id=${id}`)).map(({ action }) => action)).toEqual(['agent.created']);
    await api.delete(`/applications/${application.id}`);
    expect((await about(application.id)).map(({ action }) => action)).toEqual(['application.created', 'application.deleted']);
    expect((await about(id)).map(({ action }) => action)).toContain('api_key.created');
    expect(JSON.stringify(await list())).not.toContain(as.token);
  });

  it('holds an entry exactly when the change is there', async () => {
    const count = async (): Promise<number> => (await api.get('/audit-logs?limit=1&include_total=true')).body.total;
    const agent = await anAgent(api);
    const before = await count();
    const refused = [
      await api.post('/agents', { username: agent['username'] }),
      await api.put(`/agents/${agent.id}`, { department: 'support' }, { 'if-match': '"another"' }),
      await api.put('/agents/agt_00000000000000000000000000', { department: 'support' }),
      await api.post('/callbacks', { url: 'http://10.0.0.7/', events: ['*'] }),
    ];
    expect(tally(refused)).toEqual({ 404: 1, 409: 1, 412: 1, 422: 1 });
    const conversation = await aConversation(api);
    await aMessage(api, conversation);
    expect(await count()).toBe(before);
    const key = { 'idempotency-key': unique('key') };
    const username = unique('agent');
    const same = await Promise.all([1, 2].map((index) => cluster.each(index).as({ ...api.headers }).post('/agents', { username, password: PASSWORD }, key)));
    expect(same.filter(({ status }) => status === 201).length).toBeGreaterThan(0);
    expect(await count()).toBe(before + 1);
  });

  it('is filtered by actor, action, target and time, and paged', async () => {
    const { api: admin, organization: own } = await anOrganization(cluster.a);
    clock.advance(1000);
    const agents: Resource[] = [];
    const instants: string[] = [];
    for (let made = 0; made < 5; made++) {
      agents.push(await anAgent(admin));
      clock.advance(1000);
      instants.push(new Date(clock.now()).toISOString());
    }
    await admin.delete(`/agents/${agents[0]!.id}`);
    const targets = async (query: string): Promise<unknown[]> => (await list(query, admin)).map(({ target_id }) => target_id);
    const ids = agents.map(({ id }) => id);
    expect(await targets('action=agent.created&sort=created_at')).toEqual(ids);
    expect(await targets('action=agent.created')).toEqual(ids.toReversed());
    expect(await targets(`action=agent.created&since=${instants[1]}&until=${instants[3]}&sort=created_at`)).toEqual(ids.slice(2, 4));
    expect(await targets(`target_type=agent&target_id=${ids[0]}`)).toEqual([ids[0], ids[0]]);
    expect(await targets('target_type=callback')).toEqual([]);
    expect(await targets(`actor_id=${own['api_key'].id}&target_id=${ids[1]}`)).toEqual([ids[1]]);
    expect(await targets('actor_id=agt_00000000000000000000000000')).toEqual([]);
    const paged: unknown[] = [];
    let cursor = '';
    for (;;) {
      const { body } = await admin.get(`/audit-logs?limit=2&action=agent.created${cursor}`);
      paged.push(...body.data.map(({ target_id }: Resource) => target_id));
      if (!body.has_more) break;
      cursor = `&cursor=${body.next_cursor}`;
    }
    expect(paged).toEqual(ids.toReversed());
    expect((await admin.get('/audit-logs?since=yesterday')).status).toBe(422);
  });

  it('is shown with its scope only, within the organization, and changed by nobody', async () => {
    const { as: agent } = await aLogin(cluster.a);
    const { as: supervisor } = await aLogin(cluster.a, { role: 'supervisor' });
    const { as: reader } = await anApplication(cluster.a, { scopes: ['audit:read'] }, api);
    const { as: other } = await anApplication(cluster.a, { scopes: ['agents:write', 'audit:write'] }, api);
    expect(tally([await agent.get('/audit-logs'), await supervisor.get('/audit-logs'), await other.get('/audit-logs')])).toEqual({ 403: 3 });
    const [entry] = await list('', reader) as [Resource];
    const { api: theirs } = await anOrganization(cluster.a);
    expect(await list('', theirs)).toEqual([]);
    for (const method of ['POST', 'PUT', 'DELETE']) {
      for (const path of ['/audit-logs', `/audit-logs/${entry.id}`]) expect([404, 405]).toContain((await api.send(method, path, method === 'DELETE' ? undefined : {})).status);
    }
    expect((await list('', reader))[0]).toEqual(entry);
  });
});
