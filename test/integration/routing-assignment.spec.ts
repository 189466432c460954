import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aLogin, anAgent, anOrganization, created, during, tally, unique } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { expectConsistent } from '../support/invariants.js';
import type { Caller } from '../support/start-test-app.js';
import { TestClock } from '../support/test-clock.js';

describe('routing gives a new conversation to', () => {
  const clock = new TestClock();
  let cluster: Cluster;
  let key: Record<string, string>;
  let api: Caller;

  beforeAll(async () => {
    cluster = await startCluster({ clock });
  });

  beforeEach(async () => {
    ({ api } = await anOrganization(cluster.a));
    key = api.headers;
  });

  afterEach(() => expectConsistent(cluster.a));
  afterAll(() => cluster.close());

  const on = (index: number): Caller => cluster.each(index).as(key);
  const conversation = (over: Record<string, unknown> = {}): Promise<Resource> => aConversation(api, over);
  const openOf = async (agent: Resource): Promise<number> => (await api.get(`/conversations?agent_id=${agent.id}&status=open&include_total=true`)).body.total;

  it('the least loaded agent', async () => {
    const [one, two, three] = [await anAgent(api), await anAgent(api), await anAgent(api)];
    for (const agent_id of [one.id, one.id, two.id]) await conversation({ agent_id });
    expect((await conversation())['agent_id']).toBe(three.id);
    const next = await conversation();
    expect([two.id, three.id]).toContain(next['agent_id']);
    for (let count = 0; count < 4; count++) await conversation();
    expect([await openOf(one), await openOf(two), await openOf(three)]).toEqual([3, 3, 3]);
  });

  it('the longest idle of those who are equally loaded', async () => {
    const agents: Resource[] = [];
    for (let count = 0; count < 3; count++) {
      agents.push(await anAgent(api));
      clock.advance(1000);
    }
    const served: unknown[] = [];
    for (let count = 0; count < 6; count++) {
      served.push((await conversation())['agent_id']);
      clock.advance(1000);
    }
    const turn = agents.map(({ id }) => id);
    expect(served).toEqual([...turn, ...turn]);
  });

  it('the longest idle, where writing about a conversation is no new work', async () => {
    const first = await anAgent(api);
    clock.advance(1000);
    const second = await anAgent(api);
    const [ofFirst] = [await conversation({ agent_id: first.id }), clock.advance(1000), await conversation({ agent_id: second.id })];
    clock.advance(1000);
    await api.put(`/conversations/${ofFirst.id}`, { subject: 'Parcel' });
    await api.put(`/conversations/${ofFirst.id}`, { status: 'pending' });
    expect((await conversation())['agent_id']).toBe(first.id);
  });

  it('an agent who is online and enabled, and to no other', async () => {
    for (const over of [{ status: 'offline' }, { status: 'away' }, { status: 'busy' }, { enabled: false }, { max_conversations: 0 }]) await anAgent(api, over);
    expect(await conversation()).toMatchObject({ status: 'queued', agent_id: null, assigned_at: null, queue_position: 1 });
    const online = await anAgent(api);
    expect(await conversation()).toMatchObject({ status: 'open', agent_id: online.id, queue_position: null, assigned_at: expect.any(String) });
  });

  it('an agent of the department that it names', async () => {
    const support = await anAgent(api, { department: 'support' });
    const sales = await anAgent(api, { department: 'sales' });
    for (const [department, agent] of [['support', support], ['sales', sales], ['support', support]] as const) {
      expect(await conversation({ department })).toMatchObject({ department, agent_id: agent.id });
    }
    expect(await conversation({ department: 'Support' })).toMatchObject({ status: 'queued', agent_id: null });
    expect(await conversation()).toMatchObject({ agent_id: sales.id });
  });

  it('an agent with every skill that it asks for', async () => {
    await anAgent(api, { skills: ['french'] });
    await anAgent(api, { skills: ['billing'] });
    const both = await anAgent(api, { skills: ['billing', 'refunds', 'french'] });
    for (let count = 0; count < 3; count++) expect(await conversation({ skills: ['french', 'billing'] })).toMatchObject({ agent_id: both.id });
    expect(await conversation({ skills: ['french', 'klingon'] })).toMatchObject({ status: 'queued' });
  });

  it('nobody above capacity, however many come at once', async () => {
    const agents = await Promise.all([4, 5, 6].map((max_conversations) => anAgent(api, { max_conversations })));
    const answers = await Promise.all(Array.from({ length: 40 }, (_, index) => on(index).post('/conversations', { visitor: { external_id: unique('visitor') } })));
    expect(tally(answers)).toEqual({ 201: 40 });
    expect(await Promise.all(agents.map(openOf))).toEqual([4, 5, 6]);
    const queued = answers.map(({ body }) => body).filter(({ status }) => status === 'queued');
    expect(queued).toHaveLength(25);
    expect((await api.get('/conversations?status=queued&include_total=true')).body.total).toBe(25);
  });

  it('nobody above capacity while conversations end and agents come and go', async () => {
    const agents = await Promise.all([1, 2, 3].map((max_conversations) => anAgent(api, { max_conversations })));
    const answers = await Promise.all(Array.from({ length: 12 }, (_, index) => on(index).post('/conversations', { visitor: { external_id: unique('visitor') } })));
    await Promise.all([
      ...answers.map(({ body }, index) => (index % 2 === 0 ? on(index).delete(`/conversations/${body.id}`) : on(index).put(`/conversations/${body.id}`, { priority: 'high' }))),
      ...agents.flatMap(({ id }, index) => ['away', 'online'].map((status) => on(index).put(`/agents/${id}/status`, { status }))),
      on(0).put(`/agents/${agents[0]!.id}`, { max_conversations: 2 }),
      ...Array.from({ length: 6 }, (_, index) => on(index).post('/conversations', { visitor: { external_id: unique('visitor') } })),
    ]).then((results) => expect(Object.keys(tally(results)).every((status) => ['200', '201'].includes(status))).toBe(true));
    for (const { id } of agents) await api.put(`/agents/${id}/status`, { status: 'online' });
    const loads = await Promise.all(agents.map(openOf));
    expect(loads[0]).toBeLessThanOrEqual(2);
    expect(loads[1]).toBeLessThanOrEqual(2);
    expect(loads[2]).toBeLessThanOrEqual(3);
    const waiting = (await api.get('/conversations?status=queued&include_total=true')).body.total;
    // Nobody waits while somebody has room.
    expect(loads[0]! + loads[1]! + loads[2]!).toBe(Math.min(7, loads[0]! + loads[1]! + loads[2]! + waiting));
  });

  it('the agent who is named, whatever the load and status', async () => {
    const away = await anAgent(api, { status: 'away', max_conversations: 1, department: 'sales' });
    for (let count = 0; count < 2; count++) {
      const { answer, events } = await during(api, () => api.post('/conversations', { visitor: { external_id: unique('visitor') }, agent_id: away.id, department: 'support' }));
      expect(answer.body).toMatchObject({ agent_id: away.id, status: 'open', department: 'support' });
      expect(events.map(({ event }) => event)).toEqual(['visitor.created', 'conversation.created', 'conversation.assigned']);
    }
    const disabled = await anAgent(api, { enabled: false });
    const { api: theirs } = await anOrganization(cluster.a);
    const foreign = await anAgent(theirs);
    for (const agent_id of [disabled.id, foreign.id, 'agt_00000000000000000000000000', '']) {
      expect((await api.post('/conversations', { visitor: { external_id: 'v' }, agent_id })).body.errors).toEqual([expect.objectContaining({ field: 'agent_id', code: 'agent.not_found' })]);
    }
    expect((await api.post('/conversations', { visitor: { external_id: 'v' }, agent_id: 7 })).status).toBe(422);
  });

  it('its agent with events that say so', async () => {
    const agent = await anAgent(api);
    const routed = await during(api, () => conversation({ channel: 'web', subject: 'Parcel', priority: 'high', tags: ['a'], metadata: { page: '/' } }));
    const { id, visitor_id } = routed.answer;
    expect(routed.events.map(({ event }) => event)).toEqual(['visitor.created', 'conversation.created', 'conversation.assigned']);
    for (const { data } of routed.events.slice(1)) {
      expect(data).toMatchObject({ conversation_id: id, visitor_id, agent_id: agent.id, status: 'open', channel: 'web', subject: 'Parcel', priority: 'high', tags: ['a'], metadata: { page: '/' } });
    }
    await api.put(`/agents/${agent.id}/status`, { status: 'away' });
    const waiting = await during(api, () => conversation());
    expect(waiting.events.map(({ event }) => event)).toEqual(['visitor.created', 'conversation.created']);
    expect(waiting.events[1]!.data).toMatchObject({ agent_id: null, status: 'queued' });
  });

  it('an agent of its own organization', async () => {
    const { api: theirs } = await anOrganization(cluster.a);
    await anAgent(theirs);
    expect(await conversation()).toMatchObject({ status: 'queued' });
    const { agent } = await aLogin(cluster.a);
    expect((await created(cluster.a.api.post('/conversations', { visitor: { external_id: unique('v') } })))['agent_id']).toBe(agent.id);
  });
});
