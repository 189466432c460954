import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startCallbackSink } from '../support/callback-sink.js';
import type { CallbackSink } from '../support/callback-sink.js';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aLogin, anAgent, anApplication, anEndpoint, created, deliveriesOf, during, eventsAfter, lastPosition, tally } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { rows } from '../support/invariants.js';
import type { Answer, Caller } from '../support/start-test-app.js';

const SUPPORT = { data_scope: { departments: ['support'] } };

describe('an endpoint', () => {
  let cluster: Cluster;
  let sink: CallbackSink;
  let api: Caller;

  beforeAll(async () => {
    cluster = await startCluster();
    sink = await startCallbackSink({ answer: ({ path }) => ({ status: path === '/gone' ? 410 : path === '/down' ? 500 : 200 }) });
    api = cluster.a.api;
  });

  afterEach(() => sink.clear());

  afterAll(async () => {
    await sink.close();
    await cluster.close();
  });

  const reload = async (endpoint: Resource): Promise<Resource> => (await api.get(`/callbacks/${endpoint.id}`)).body;
  const idsOf = async (by: Caller): Promise<string[]> => (await by.get('/callbacks?limit=100')).body.data.map(({ id }: Resource) => id);
  const subjectsAt = (path: string): string[] => sink.received.filter((request) => request.path === path).map(({ body }) => body.data.subject).sort();

  it('is managed by who made it and by those who see all data', async () => {
    const one = await aLogin(cluster.a, { department: 'support' });
    const other = await aLogin(cluster.a, { department: 'support' });
    const supervisor = await aLogin(cluster.a, { department: 'support', role: 'supervisor' });
    const admin = await aLogin(cluster.a, { role: 'admin' });
    const confined = await anApplication(cluster.a, SUPPORT);
    const twin = await anApplication(cluster.a, SUPPORT);
    const open = await anApplication(cluster.a);
    const callers = { one, other, supervisor, admin, confined, twin, open };
    const all = ['admin', 'open'];
    const managers: Record<string, string[]> = {
      one: ['one', ...all], other: ['other', ...all], supervisor: ['supervisor', ...all], admin: all, confined: ['confined', ...all], twin: ['twin', ...all], open: all,
    };
    const endpoints: Record<string, Resource> = {};
    for (const [name, { as }] of Object.entries(callers)) endpoints[name] = await anEndpoint(as, `${sink.url}/${name}`, { events: ['visitor.created'] });
    await created(api.post('/visitors', {}));
    await cluster.settle();
    for (const [name, endpoint] of Object.entries(endpoints)) {
      const [delivery] = await deliveriesOf(api, endpoint);
      for (const [caller, { as }] of Object.entries(callers)) {
        const mayManage = managers[name]!.includes(caller);
        const path = `/callbacks/${endpoint.id}`;
        const answers: Answer[] = [
          await as.get(path), await as.put(path, { description: caller }), await as.get(`${path}/deliveries`),
          await as.get(`${path}/deliveries/${delivery!.id}`), await as.post(`${path}/deliveries/${delivery!.id}/retry`),
        ];
        expect({ name, caller, answers: tally(answers) }).toEqual({ name, caller, answers: mayManage ? { 200: 4, 202: 1 } : { 404: 5 } });
        if (!mayManage) {
          expect((await as.delete(path)).body.code).toBe('callback.not_found');
          for (const { body } of answers) expect(body.code).toBe('callback.not_found');
        }
        await cluster.settle();
      }
    }
    for (const [caller, { as }] of Object.entries(callers)) {
      const own = Object.keys(endpoints).filter((name) => managers[name]!.includes(caller)).map((name) => endpoints[name]!.id);
      const listed = await idsOf(as);
      expect({ caller, listed: Object.values(endpoints).map(({ id }) => id).filter((id) => listed.includes(id)) }).toEqual({ caller, listed: own });
      if (!all.includes(caller)) expect({ caller, listed }).toEqual({ caller, listed: own });
    }
    for (const { as } of [one, supervisor, confined]) {
      const [id] = await idsOf(as);
      expect((await as.delete(`/callbacks/${id}`)).status).toBe(204);
    }
  });

  it.each([
    ['an agent that is deleted', async () => aLogin(cluster.a), (id: string) => api.delete(`/agents/${id}`), (id: string) => api.put(`/agents/${id}`, { enabled: true })],
    ['an agent that is disabled', async () => aLogin(cluster.a), (id: string) => api.put(`/agents/${id}`, { enabled: false }), (id: string) => api.put(`/agents/${id}`, { enabled: true })],
    [
      'an application that is disabled',
      async () => {
        const { as, application } = await anApplication(cluster.a, SUPPORT);
        return { as, agent: application };
      },
      (id: string) => api.put(`/applications/${id}`, { enabled: false }),
      (id: string) => api.put(`/applications/${id}`, { enabled: true }),
    ],
  ])('of %s is disabled with it, and enabled again by hand', async (_, make, disable, enable) => {
    const { as, agent } = await make();
    const endpoint = await anEndpoint(as, sink.url, { events: ['*'] });
    const { events } = await during(api, () => disable(agent.id));
    const changed = { enabled: false, disabled_reason: 'creator_disabled' };
    expect(await reload(endpoint)).toMatchObject(changed);
    expect(events.filter(({ event }) => event === 'callback.disabled').map(({ data }) => data)).toEqual([{ callback_id: endpoint.id, url: sink.url, reason: 'creator_disabled' }]);
    // What took its creator away is nothing for it any more.
    await cluster.settle();
    expect(await deliveriesOf(api, endpoint)).toEqual([]);
    expect(await api.put(`/callbacks/${endpoint.id}`, { enabled: true })).toMatchObject({ status: 409, body: { code: 'callback.creator_disabled' } });
    expect((await api.put(`/callbacks/${endpoint.id}`, { description: 'still there' })).status).toBe(200);
    expect((await enable(agent.id)).status).toBe(200);
    expect(await reload(endpoint)).toMatchObject(changed);
    expect((await api.put(`/callbacks/${endpoint.id}`, { enabled: true })).body).toMatchObject({ enabled: true, disabled_reason: null });
  });

  it('of an application that is deleted is disabled for good', async () => {
    const { as, application } = await anApplication(cluster.a, SUPPORT);
    const endpoint = await anEndpoint(as, sink.url);
    expect((await api.delete(`/applications/${application.id}`)).status).toBe(204);
    expect(await reload(endpoint)).toMatchObject({ enabled: false, disabled_reason: 'creator_disabled' });
    expect(await api.put(`/callbacks/${endpoint.id}`, { enabled: true })).toMatchObject({ status: 409, body: { code: 'callback.creator_disabled' } });
    expect((await api.delete(`/callbacks/${endpoint.id}`)).status).toBe(204);
  });

  it('that was disabled while its creator lost a permission does not have it when it is enabled', async () => {
    const { as, agent } = await aLogin(cluster.a, { role: 'admin' });
    const endpoint = await anEndpoint(as, `${sink.url}/again`, { events: ['conversation.created'], enabled: false });
    await api.put(`/agents/${agent.id}`, { role: 'agent', department: 'support', status: 'away' });
    await api.put(`/callbacks/${endpoint.id}`, { enabled: true });
    await aConversation(api, { department: 'sales', subject: 'in sales' });
    await aConversation(api, { department: 'support', agent_id: agent.id, subject: 'its own' });
    await cluster.settle();
    expect(subjectsAt('/again')).toEqual(['its own']);
  });

  it('is registered with what its creator may see, whatever changes at the same moment', async () => {
    for (let round = 0; round < 10; round++) {
      const { as, agent } = await aLogin(cluster.a, { role: 'admin', status: 'away' });
      const { as: key, application } = await anApplication(cluster.a);
      const [made, , madeByKey] = await Promise.all([
        as.post('/callbacks', { url: sink.url, events: ['message.*'] }),
        cluster.b.as({ ...api.headers }).put(`/agents/${agent.id}`, { role: 'agent', department: 'support' }),
        key.post('/callbacks', { url: sink.url, events: ['message.*'] }),
        cluster.b.as({ ...api.headers }).put(`/applications/${application.id}`, { data_scope: { departments: ['support'] } }),
      ]);
      const visibilityOf = async ({ id }: Resource): Promise<unknown> =>
        JSON.parse((await rows<{ visibility: string }>(cluster.a, 'SELECT visibility FROM callback_endpoints WHERE id = ?', [id]))[0]!.visibility);
      if (made.status === 201) expect(await visibilityOf(made.body)).toEqual({ kind: 'own', agentId: agent.id, department: 'support' });
      if (madeByKey.status === 201) expect(await visibilityOf(madeByKey.body)).toEqual({ kind: 'all', within: { departments: ['support'], channels: [], agentIds: [] } });
      for (const { status, text } of [made, madeByKey]) expect([201, 403], text).toContain(status);
    }
  });

  it('tells of its troubles to who made it and to those who see all, and to nobody else', async () => {
    const owner = await aLogin(cluster.a, { department: 'support', status: 'away' });
    const colleague = await aLogin(cluster.a, { department: 'support', status: 'away' });
    const supervisors = [await aLogin(cluster.a, { department: 'support', role: 'supervisor' }), await aLogin(cluster.a, { role: 'supervisor' })];
    const gone = await anEndpoint(owner.as, `${sink.url}/gone`, { events: ['visitor.created'] });
    const down = await anEndpoint(owner.as, `${sink.url}/down`, { events: ['visitor.created'], retry: { schedule_seconds: [0] } });
    const before = await lastPosition(api);
    await created(api.post('/visitors', {}));
    await cluster.settle();
    const told = async (by: Caller): Promise<unknown[]> =>
      (await eventsAfter(by, before)).filter(({ event }) => event.startsWith('callback.')).map(({ event, data }) => [event, data['callback_id']]).sort();
    await expect.poll(async () => (await told(api)).length).toBe(2);
    const both = [['callback.disabled', gone.id], ['callback.exhausted', down.id]];
    expect(await told(api)).toEqual(both);
    expect(await told(owner.as)).toEqual(both);
    for (const { as } of [colleague, ...supervisors]) expect(await told(as)).toEqual([]);
  });

  it('of an agent does not follow what is nothing to do with permissions', async () => {
    const { as, agent } = await aLogin(cluster.a, { status: 'away' });
    await anEndpoint(as, sink.url);
    const version = async (): Promise<unknown> => rows(cluster.a, "SELECT v.version FROM callback_versions v JOIN organizations o ON o.id = v.organization_id WHERE o.slug = 'default'");
    const before = await version();
    await api.put(`/agents/${agent.id}`, { nickname: 'renamed', skills: ['billing'], status: 'online' });
    await anAgent(api);
    expect(await version()).toEqual(before);
  });
});
