import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { anAgent, anApplication, created, unique } from '../support/desk.js';
import type { Answer, Caller } from '../support/start-test-app.js';

const PASSWORD = 'a password that nobody guesses';

/** Whoever can give an agent a password can log in as that agent. */
describe('a log-in of an agent', () => {
  let cluster: Cluster;
  let api: Caller;

  beforeAll(async () => {
    cluster = await startCluster();
    api = cluster.a.api;
  });

  afterAll(() => cluster.close());

  async function aManager(over: Record<string, unknown> = {}): Promise<Caller> {
    return (await anApplication(cluster.a, { scopes: ['agents:read', 'agents:write'], ...over })).as;
  }

  const make = (by: Caller, over: Record<string, unknown> = {}): Promise<Answer> => by.post('/agents', { username: unique('agent'), ...over });

  function expectRefused(answer: Answer, code = 'agent.scope_not_held'): void {
    expect({ status: answer.status, code: answer.body?.code }).toEqual({ status: 403, code });
  }

  it('is not made by who holds less than its role', async () => {
    const by = await aManager();
    for (const role of ['admin', 'supervisor', 'agent']) {
      const username = unique('agent');
      expectRefused(await by.post('/agents', { username, password: PASSWORD, role }));
      expect((await api.get(`/agents?username=${username}`)).body.data).toEqual([]);
    }
    expect((await make(by, { role: 'supervisor' })).status).toBe(201);
  });

  it('is not taken over by who holds less than its role', async () => {
    const by = await aManager();
    const { body } = await api.get('/agents?username=admin');
    expectRefused(await by.put(`/agents/${body.data[0].id}`, { password: PASSWORD }));
    expect((await cluster.a.as({}).post('/auth/login', { username: 'admin', password: PASSWORD })).status).toBe(401);
    const disabled = await anAgent(api, { password: PASSWORD, role: 'admin', enabled: false });
    expectRefused(await by.put(`/agents/${disabled.id}`, { enabled: true }));
  });

  it('is not given more, with a role or a department, by who has less itself', async () => {
    const desk = ['agents:write', 'conversations:read', 'conversations:write', 'messages:read', 'messages:write', 'visitors:read', 'visitors:write'];
    const by = await aManager({ scopes: [...desk, 'agents:read', 'tickets:read', 'tickets:write', 'crm:read', 'events:read', 'callbacks:read', 'callbacks:write'] });
    const { body: agent, status } = await make(by, { password: PASSWORD, department: 'sales' });
    expect(status).toBe(201);
    const path = `/agents/${agent.id}`;
    expect((await by.put(path, { department: 'support' })).status).toBe(200);
    expectRefused(await by.put(path, { role: 'supervisor' }));
    expectRefused(await by.put(path, { role: 'admin' }));
    expect((await api.get(path)).body).toMatchObject({ role: 'agent', department: 'support' });
  });

  it('is not given by who sees a part of the data only', async () => {
    const by = await aManager({ scopes: ['*'], data_scope: { departments: ['sales'] } });
    expectRefused(await make(by, { password: PASSWORD, department: 'sales' }), 'agent.data_scope_exceeded');
    const agent = await anAgent(api, { password: PASSWORD, department: 'sales' });
    expectRefused(await by.put(`/agents/${agent.id}`, { department: 'support' }), 'agent.data_scope_exceeded');
    expect((await make(await aManager({ scopes: ['*'], data_scope: {} }), { password: PASSWORD, role: 'admin' })).status).toBe(201);
  });

  it('leaves all else to who may change agents', async () => {
    const by = await aManager();
    const agent = await anAgent(api, { password: PASSWORD, role: 'admin' });
    const path = `/agents/${agent.id}`;
    expect((await by.put(path, { nickname: 'Somebody', skills: ['billing'], max_conversations: 3 })).status).toBe(200);
    expect((await by.put(`${path}/status`, { status: 'away' })).status).toBe(200);
    expect((await by.put(path, { enabled: false })).status).toBe(200);
    const plain = await created(make(by));
    expect((await by.put(`/agents/${plain.id}`, { role: 'supervisor', department: 'sales' })).status).toBe(200);
    expect((await by.delete(`/agents/${plain.id}`)).status).toBe(204);
  });
});
