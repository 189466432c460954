import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aLogin, anAgent, anOrganization, created, during, tally, unique } from '../support/desk.js';
import type { Caller } from '../support/start-test-app.js';

describe('agents', () => {
  let cluster: Cluster;
  let api: Caller;

  beforeAll(async () => {
    cluster = await startCluster();
    api = cluster.a.api;
  });

  afterAll(() => cluster.close());

  it('are created with defaults, answered whole, and never with their password', async () => {
    const username = unique('li');
    const { answer, events } = await during(api, () => api.post('/agents', { username, password: 'long enough' }));
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe(`/api/v1/agents/${answer.body.id}`);
    expect(answer.headers.get('etag')).toMatch(/^"[0-9a-f]+"$/);
    expect(answer.body).toEqual({
      id: expect.stringMatching(/^agt_[0-9a-z]{26}$/), username, nickname: username, email: null, mobile: null, avatar_url: null,
      role: 'agent', department: null, skills: [], max_conversations: 10, status: 'offline', enabled: true,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/), updated_at: answer.body.created_at,
    });
    expect(events).toEqual([expect.objectContaining({ event: 'agent.created' })]);
    expect(events[0]!.data).toEqual({ agent_id: answer.body.id, agent: answer.body });
    expect((await api.get(`/agents/${answer.body.id}`)).body).toEqual(answer.body);
  });

  it('tell of each kind of change once, and of none when nothing changed', async () => {
    const agent = await anAgent(api, { status: 'offline' });
    const path = `/agents/${agent.id}`;
    const status = await during(api, () => api.put(`${path}/status`, { status: 'online' }));
    expect(status.events).toEqual([expect.objectContaining({ event: 'agent.status_changed' })]);
    expect(status.events[0]!.data).toEqual({ agent_id: agent.id, status: 'online', previous_status: 'offline' });

    const both = await during(api, () => api.put(path, { status: 'away', nickname: 'Li', skills: ['billing'] }));
    expect(both.answer.body).toMatchObject({ status: 'away', nickname: 'Li', skills: ['billing'] });
    expect(both.events.map(({ event }) => event)).toEqual(['agent.status_changed', 'agent.updated']);
    expect(both.events[1]!.data).toMatchObject({ agent_id: agent.id, changed: ['nickname', 'skills'] });

    for (const body of [{}, { status: 'away' }, { nickname: 'Li', skills: ['billing'], enabled: true }]) {
      const nothing = await during(api, () => api.put(path, body));
      expect(nothing.answer).toMatchObject({ status: 200, body: both.answer.body });
      expect(nothing.events).toEqual([]);
    }
  });

  it('are disabled by DELETE, once, and keep their history', async () => {
    const agent = await anAgent(api);
    const first = await during(api, () => api.delete(`/agents/${agent.id}`));
    expect(first.answer).toMatchObject({ status: 204, text: '' });
    expect(first.events.map(({ event }) => event)).toEqual(['agent.status_changed', 'agent.deleted']);
    expect(first.events[1]!.data).toMatchObject({ agent_id: agent.id });
    const disabled = (await api.get(`/agents/${agent.id}`)).body;
    expect(disabled).toMatchObject({ enabled: false, status: 'offline' });

    const again = await during(api, () => api.delete(`/agents/${agent.id}`));
    expect(again.answer.status).toBe(204);
    expect(again.events).toEqual([]);
    expect((await api.get(`/agents/${agent.id}`)).body).toEqual(disabled);

    const back = await during(api, () => api.put(`/agents/${agent.id}`, { enabled: true }));
    expect(back.answer.body.enabled).toBe(true);
    expect(back.events.map(({ event }) => event)).toEqual(['agent.updated']);
  });

  it('honour If-Match', async () => {
    const agent = await anAgent(api);
    const etag = (await api.get(`/agents/${agent.id}`)).headers.get('etag')!;
    expect((await api.put(`/agents/${agent.id}`, { nickname: 'one' }, { 'if-match': etag })).status).toBe(200);
    for (const change of [
      api.put(`/agents/${agent.id}`, { nickname: 'two' }, { 'if-match': etag }),
      api.put(`/agents/${agent.id}/status`, { status: 'away' }, { 'if-match': etag }),
      api.delete(`/agents/${agent.id}`, { 'if-match': etag }),
    ]) {
      expect(await change).toMatchObject({ status: 412, body: { code: 'request.precondition_failed' } });
    }
    expect((await api.get(`/agents/${agent.id}`)).body).toMatchObject({ nickname: 'one', status: 'online', enabled: true });
  });

  it('have names that are unique in their organization, also when many ask at once', async () => {
    const username = unique('wanted');
    const answers = await Promise.all(Array.from({ length: 12 }, (_, index) => cluster.each(index).api.post('/agents', { username })));
    expect(tally(answers)).toEqual({ 201: 1, 409: 11 });
    expect(answers.find(({ status }) => status === 409)!.body).toMatchObject({ code: 'agent.username_taken', status: 409 });
    expect((await api.get(`/agents?username=${username}`)).body.data).toHaveLength(1);

    const other = await anAgent(api);
    expect((await api.put(`/agents/${other.id}`, { username })).body.code).toBe('agent.username_taken');
    expect((await api.get(`/agents/${other.id}`)).body.username).toBe(other['username']);
    expect((await api.put(`/agents/${other.id}`, { username: username.toUpperCase() })).status).toBe(200);

    const { api: theirs } = await anOrganization(cluster.a);
    expect((await theirs.post('/agents', { username })).status).toBe(201);
  });

  it('of another organization are not there', async () => {
    const agent = await anAgent(api);
    const { api: theirs } = await anOrganization(cluster.a);
    for (const answer of [
      theirs.get(`/agents/${agent.id}`),
      theirs.put(`/agents/${agent.id}`, { nickname: 'mine' }),
      theirs.put(`/agents/${agent.id}/status`, { status: 'away' }),
      theirs.delete(`/agents/${agent.id}`),
    ]) {
      expect(await answer).toMatchObject({ status: 404, body: { code: 'agent.not_found' } });
    }
    expect((await theirs.get('/agents')).body.data).toEqual([]);
    expect((await api.get(`/agents/${agent.id}`)).body).toEqual(agent);
  });

  it('are listed by filter, sorted and page by page', async () => {
    const department = unique('department');
    const names: string[] = [];
    for (const status of ['online', 'away', 'online']) names.push((await anAgent(api, { department, status }))['username']);
    const list = async (query: string) => (await api.get(`/agents?department=${department}${query}`)).body;
    expect((await list('')).data.map(({ username }: any) => username)).toEqual([...names].reverse());
    expect((await list('&status=online')).data.map(({ username }: any) => username)).toEqual([names[2], names[0]]);
    expect((await list('&sort=username&include_total=true'))).toMatchObject({ data: names.map((username) => ({ username })), total: 3 });
    const first = await list('&limit=2');
    expect(first).toMatchObject({ has_more: true, next_cursor: expect.any(String) });
    expect(await list(`&limit=2&cursor=${first.next_cursor}`)).toMatchObject({ data: [{ username: names[0] }], has_more: false, next_cursor: null });
  });

  it('set their own status, and nobody else’s', async () => {
    const { agent, as } = await aLogin(cluster.a, { status: 'offline' });
    const other = await anAgent(api);
    expect(await as.put(`/agents/${agent.id}/status`, { status: 'busy' })).toMatchObject({ status: 200, body: { status: 'busy' } });
    expect(await as.put(`/agents/${other.id}/status`, { status: 'away' })).toMatchObject({ status: 403, body: { code: 'auth.scope_missing' } });
    expect(await as.put(`/agents/${agent.id}`, { nickname: 'mine' })).toMatchObject({ status: 403 });
    expect(await as.put(`/agents/${agent.id}/status`, { status: 'asleep' })).toMatchObject({ status: 422, body: { errors: [{ field: 'status' }] } });
    const admin = await cluster.a.login('admin', 'correct horse battery staple');
    expect((await admin.put(`/agents/${other.id}/status`, { status: 'away' })).body.status).toBe('away');
  });

  it('are refused with one entry per wrong field', async () => {
    const { status, body } = await api.post('/agents', {
      username: ' spaces ', password: 'short', email: 'nobody', avatar_url: 'javascript:alert(1)', role: 'root', skills: 'billing',
      max_conversations: -1, enabled: 'yes', password_hash: 'x',
    });
    expect(status).toBe(422);
    expect(new Set(body.errors.map(({ field }: any) => field))).toEqual(
      new Set(['username', 'password', 'email', 'avatar_url', 'role', 'skills', 'max_conversations', 'enabled', 'password_hash']),
    );
    const agent = await created(api.post('/agents', { username: unique('nulls'), email: 'a@example.com' }));
    expect((await api.put(`/agents/${agent.id}`, { email: null, department: null })).body).toMatchObject({ email: null, department: null });
    expect((await api.put(`/agents/${agent.id}`, { nickname: null })).status).toBe(422);
  });
});
