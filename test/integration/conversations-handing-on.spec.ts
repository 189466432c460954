import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aLogin, aMessage, anAgent, anOrganization, during, tally } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { expectConsistent } from '../support/invariants.js';
import type { Caller } from '../support/start-test-app.js';
import { TestClock } from '../support/test-clock.js';

describe('a conversation', () => {
  const clock = new TestClock();
  let cluster: Cluster;
  let api: Caller;

  beforeAll(async () => {
    cluster = await startCluster({ clock });
  });

  beforeEach(async () => {
    ({ api } = await anOrganization(cluster.a));
  });

  afterEach(() => expectConsistent(cluster.a));
  afterAll(() => cluster.close());

  const act = ({ id }: Resource, action: string, body?: object, as = api) => as.post(`/conversations/${id}/${action}`, body);
  const get = async ({ id }: Resource): Promise<Resource> => (await api.get(`/conversations/${id}`)).body;
  const names = ({ events }: { events: { event: string }[] }): string[] => events.map(({ event }) => event);
  /** The oldest first. */
  const history = async ({ id }: Resource): Promise<Resource[]> => (await api.get(`/conversations/${id}/assignments?sort=created_at`)).body.data;
  const kinds = async (conversation: Resource): Promise<unknown[]> => (await history(conversation)).map(({ kind }) => kind);

  it('is transferred to an agent, with reason, events and history', async () => {
    const first = await anAgent(api, { department: 'support' });
    const conversation = await aConversation(api, { department: 'support' });
    const second = await anAgent(api, { department: 'billing', status: 'busy' });
    clock.advance(1000);
    const { answer, events } = await during(api, () => act(conversation, 'transfer', { agent_id: second.id, reason: 'Knows refunds' }));
    expect(answer.body).toMatchObject({ status: 'open', agent_id: second.id, department: 'support', transfer_count: 1, accepted_at: null });
    expect(answer.body.assigned_at > conversation['assigned_at']).toBe(true);
    expect(names({ events })).toEqual(['conversation.transferred', 'conversation.assigned']);
    expect(events[0]!.data).toMatchObject({ agent_id: second.id, previous_agent_id: first.id, previous_department: 'support', previous_status: 'open', reason: 'Knows refunds' });
    expect(await history(conversation)).toMatchObject([
      { kind: 'assigned', agent_id: first.id, previous_agent_id: null, actor_id: null },
      { kind: 'transferred', agent_id: second.id, previous_agent_id: first.id, department: 'support', previous_department: 'support', reason: 'Knows refunds', actor_id: expect.stringMatching(/^key_/) },
    ]);
  });

  it('is transferred to a department, and routed there', async () => {
    const first = await anAgent(api, { department: 'support' });
    const conversation = await aConversation(api, { department: 'support' });
    const there = await anAgent(api, { department: 'billing' });
    const { answer, events } = await during(api, () => act(conversation, 'transfer', { department: 'billing' }));
    expect(answer.body).toMatchObject({ status: 'open', agent_id: there.id, department: 'billing', transfer_count: 1 });
    expect(names({ events })).toEqual(['conversation.transferred', 'conversation.assigned']);
    expect(events[0]!.data).toMatchObject({ status: 'queued', agent_id: null, department: 'billing', previous_department: 'support', previous_agent_id: first.id, reason: null });
    expect(await kinds(conversation)).toEqual(['assigned', 'transferred', 'assigned']);
    expect((await api.get(`/conversations/${conversation.id}/assignments?kind=transferred`)).body.data).toHaveLength(1);
  });

  it('that is transferred within its department does not come back at once to who had it', async () => {
    const only = await anAgent(api, { department: 'support' });
    const conversation = await aConversation(api, { department: 'support' });
    expect((await act(conversation, 'transfer', { department: 'support', reason: 'Cannot help' })).body).toMatchObject({ status: 'queued', agent_id: null, queue_position: 1 });
    const colleague = await anAgent(api, { department: 'support' });
    expect(await get(conversation)).toMatchObject({ agent_id: colleague.id });
    // Where there is nobody else it does, when something else happens.
    await act(conversation, 'transfer', { department: 'support' });
    await api.put(`/agents/${colleague.id}/status`, { status: 'away' });
    expect((await get(conversation))['agent_id']).toBe(only.id);
  });

  it('is given to nobody who has enough, however it is done', async () => {
    const full = await anAgent(api, { max_conversations: 1 });
    const running = await aConversation(api);
    const conversation = await aConversation(api);
    for (const [action, body] of [['assign', { agent_id: full.id }], ['transfer', { agent_id: full.id }]] as const) {
      const { answer, events } = await during(api, () => act(conversation, action, body));
      expect(answer).toMatchObject({ status: 409, body: { code: 'agent.at_capacity' } });
      expect(events).toEqual([]);
    }
    for (const agent_id of ['agt_00000000000000000000000000', '']) expect((await act(conversation, 'assign', { agent_id })).body.errors).toMatchObject([{ field: 'agent_id', code: 'agent.not_found' }]);
    for (const body of [{}, { agent_id: full.id, department: 'x' }]) expect(await act(conversation, 'transfer', body)).toMatchObject({ status: 422 });
    // Ten at once, for one place.
    await api.delete(`/conversations/${running.id}`);
    const waiting = await Promise.all(Array.from({ length: 10 }, () => aConversation(api, { skills: ['none'] })));
    await api.delete(`/conversations/${(await get(conversation)).id}`);
    const answers = await Promise.all(waiting.map((each, index) => cluster.each(index).as(api.headers).post(`/conversations/${each.id}/assign`, { agent_id: full.id })));
    expect(tally(answers)).toEqual({ 200: 1, 409: 9 });
  });

  it('is accepted once, by the agent who has it', async () => {
    const { agent, as } = await aLogin(cluster.a, { department: 'front' });
    const main = cluster.a.api;
    const conversation = await aConversation(main, { department: 'front' });
    expect(conversation).toMatchObject({ agent_id: agent.id, accepted_at: null });
    const { answer, events } = await during(main, () => act(conversation, 'accept', undefined, as));
    expect(answer.body.accepted_at).toEqual(expect.any(String));
    expect(names({ events })).toEqual(['conversation.updated']);
    expect(events[0]!.data['changed']).toEqual(['accepted_at']);
    const { as: supervisor } = await aLogin(cluster.a, { department: 'front', role: 'supervisor', status: 'busy' });
    expect(await act(conversation, 'accept', undefined, supervisor)).toMatchObject({ status: 409, body: { code: 'conversation.assigned_to_another', agent_id: agent.id } });
  });

  it('that waits is taken by one of those who accept it at the same time', async () => {
    const main = cluster.a.api;
    const agents = await Promise.all([0, 1, 2, 3].map(() => aLogin(cluster.a, { status: 'busy', department: 'pick' })));
    const queued = await aConversation(main, { department: 'pick' });
    const answers = await Promise.all(agents.map(({ as }) => act(queued, 'accept', undefined, as)));
    expect(tally(answers)).toEqual({ 200: 1, 404: 3 });
    const winner = agents[answers.findIndex(({ status }) => status === 200)]!.agent;
    const taken = (await main.get(`/conversations/${queued.id}`)).body;
    expect(taken).toMatchObject({ status: 'open', agent_id: winner.id, accepted_at: taken.assigned_at });
    const steps = (await main.get(`/conversations/${queued.id}/assignments?sort=created_at`)).body.data;
    expect(steps).toMatchObject([{ kind: 'assigned', agent_id: winner.id, actor_id: winner.id }, { kind: 'accepted', actor_id: winner.id }]);
  });

  it('is taken up by a message of its agent, and of nobody else', async () => {
    const agent = await anAgent(api);
    const other = await anAgent(api, { status: 'busy' });
    const conversation = await aConversation(api);
    for (const sender of [{ type: 'visitor' }, { type: 'bot', id: 'b' }, { type: 'agent', id: other.id }]) {
      await aMessage(api, conversation, { sender });
      expect(await get(conversation)).toMatchObject({ accepted_at: null, last_message_at: expect.any(String) });
    }
    const answered = (await get(conversation))['first_response_at'];
    clock.advance(1000);
    const own = await aMessage(api, conversation, { sender: { type: 'agent', id: agent.id } });
    expect(await get(conversation)).toMatchObject({ accepted_at: own['created_at'], last_message_at: own['created_at'], first_response_at: answered });
    clock.advance(1000);
    const next = await aMessage(api, conversation, { sender: { type: 'agent', id: agent.id } });
    expect(await get(conversation)).toMatchObject({ accepted_at: own['created_at'], last_message_at: next['created_at'] });
  });

  it('is reopened with the agent who had it, if that one is there and has room', async () => {
    const agent = await anAgent(api, { max_conversations: 1 });
    const conversation = await aConversation(api);
    await api.delete(`/conversations/${conversation.id}`);
    const { answer, events } = await during(api, () => act(conversation, 'reopen'));
    expect(answer.body).toMatchObject({ status: 'open', agent_id: agent.id, closed_at: null, closed_by: null, closed_reason: null });
    expect(names({ events })).toEqual(['conversation.reopened']);
    await api.delete(`/conversations/${conversation.id}`);
    const busyWith = await aConversation(api);
    expect(busyWith['agent_id']).toBe(agent.id);
    expect((await act(conversation, 'reopen')).body).toMatchObject({ status: 'queued', agent_id: null, queue_position: 1 });
    expect(await kinds(conversation)).toEqual(['assigned', 'reopened', 'reopened']);
    await api.delete(`/conversations/${conversation.id}`);
    const heir = await anAgent(api);
    expect((await act(conversation, 'reopen')).body).toMatchObject({ status: 'open', agent_id: heir.id });
  });

  it('tells who waits how long it may take', async () => {
    const agent = await anAgent(api, { max_conversations: 5 });
    for (let count = 0; count < 5; count++) {
      await aConversation(api);
      clock.advance(60_000);
    }
    // Five in five minutes: one a minute.
    const first = await aConversation(api);
    const second = await aConversation(api);
    expect(first).toMatchObject({ queue_position: 1, agent_id: null });
    const between = (low: number, high: number, { estimated_wait_seconds: estimate }: Record<string, any>): boolean => low <= estimate && estimate < high;
    expect([between(60, 75, first), between(120, 150, second)]).toEqual([true, true]);
    expect((await api.get('/conversations?status=queued&sort=created_at')).body.data).toEqual([first, second]);
    clock.advance(3_600_000);
    expect(await get(first)).toMatchObject({ queue_position: 1, estimated_wait_seconds: null });
    expect((await api.get(`/conversations?agent_id=${agent.id}`)).body.data.every((each: Resource) => each['estimated_wait_seconds'] === null)).toBe(true);
  });
});
