import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aLogin, aMessage, anAgent, anOrganization, during, lastPosition, tally } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { expectConsistent, rows } from '../support/invariants.js';
import type { Caller } from '../support/start-test-app.js';

const STATUSES = ['queued', 'open', 'pending', 'closed'] as const;
type Status = (typeof STATUSES)[number];

const MOVES: Record<Status, Status[]> = {
  queued: ['open', 'closed'],
  open: ['pending', 'queued', 'closed'],
  pending: ['open', 'queued', 'closed'],
  closed: ['open', 'queued'],
};

describe('a conversation', () => {
  let cluster: Cluster;
  let api: Caller;
  let agent: Resource;

  beforeAll(async () => {
    cluster = await startCluster();
  });

  beforeEach(async () => {
    ({ api } = await anOrganization(cluster.a));
    agent = await anAgent(api);
  });

  afterEach(() => expectConsistent(cluster.a));
  afterAll(() => cluster.close());

  const get = async ({ id }: Resource): Promise<Resource> => (await api.get(`/conversations/${id}`)).body;
  const names = ({ events }: { events: { event: string }[] }): string[] => events.map(({ event }) => event);

  async function inStatus(status: Status): Promise<Resource> {
    const conversation = await aConversation(api);
    const path = `/conversations/${conversation.id}`;
    if (status === 'queued') return (await api.put(path, { agent_id: null })).body;
    if (status !== 'open') return (await api.put(path, { status })).body;
    return conversation;
  }

  it('tells of changed fields apart from its end, and of its end once', async () => {
    const path = `/conversations/${(await aConversation(api)).id}`;
    const closed = await during(api, () => api.put(path, { status: 'closed', tags: ['a'] }));
    expect(names(closed)).toEqual(['conversation.closed', 'conversation.updated']);
    expect(closed.events[1]!.data['changed']).toEqual(['tags']);
    const edited = await during(api, () => api.put(path, { tags: ['b'] }));
    expect(names(edited)).toEqual(['conversation.updated']);
    expect(edited.events[0]!.data).toMatchObject({ status: 'closed', previous_status: 'closed', changed: ['tags'] });
    expect(names(await during(api, () => api.delete(path)))).toEqual([]);
  });

  it('has a department with a name or none', async () => {
    const path = `/conversations/${(await aConversation(api)).id}`;
    expect(await api.put(path, { department: '' })).toMatchObject({ status: 422 });
    expect(await api.put(`/agents/${agent.id}`, { department: '' })).toMatchObject({ status: 422 });
    expect(await api.put(path, { department: null })).toMatchObject({ status: 200 });
  });

  it('goes to another channel, with its messages and figures', async () => {
    const conversation = await aConversation(api, { channel: 'web' });
    await aMessage(api, conversation);
    const path = `/conversations/${conversation.id}`;
    const { answer, events } = await during(api, () => api.put(path, { channel: '微信' }));
    expect(answer).toMatchObject({ status: 200, body: { channel: '微信' } });
    expect(events).toMatchObject([{ event: 'conversation.updated', data: { channel: '微信', changed: ['channel'] } }]);
    expect(names(await during(api, () => api.put(path, { channel: '微信' })))).toEqual([]);
    for (const channel of [null, '']) expect((await api.put(path, { channel })).body).toMatchObject({ status: 422, errors: [{ field: 'channel' }] });
    const ids = async (channel: string): Promise<string[]> => (await api.get(`/conversations?channel=${encodeURIComponent(channel)}`)).body.data.map(({ id }: Resource) => id);
    expect([await ids('web'), await ids('微信')]).toEqual([[], [conversation.id]]);
    const day = conversation['created_at'].slice(0, 10);
    const shown = async (): Promise<unknown> => {
      const rows = (await api.get(`/statistics/report?type=message&start_date=${day}&end_date=${day}&dimensions=channel`)).body.rows as Resource[];
      return rows.map(({ dimension, metrics }) => [dimension.channel, metrics.total]);
    };
    await expect.poll(async () => (await cluster.settle(), shown()), { timeout: 10_000 }).toEqual([['微信', 1]]);
  });

  describe.each(STATUSES)('that is %s', (from) => {
    it.each(STATUSES.filter((to) => MOVES[from].includes(to)))('becomes %s', async (to) => {
      const conversation = await inStatus(from);
      expect(conversation['status']).toBe(from);
      const { answer, events } = await during(api, () => api.put(`/conversations/${conversation.id}`, { status: to }));
      expect(answer).toMatchObject({ status: 200, body: { status: to } });
      expect(await get(conversation)).toEqual(answer.body);
      const { body } = answer;
      expect(body.agent_id).toBe(to === 'queued' || (to === 'closed' && from === 'queued') ? null : agent.id);
      expect([typeof body.closed_at, String(body.closed_by).slice(0, 4)]).toEqual(to === 'closed' ? ['string', 'key_'] : ['object', 'null']);
      expect(body.queue_position).toBe(to === 'queued' ? 1 : null);
      for (const { data } of events) expect(data).toMatchObject({ conversation_id: conversation.id, previous_status: from, previous_agent_id: conversation['agent_id'], status: to });
      const expected = to === 'closed' ? ['conversation.closed']
        : from === 'closed' ? ['conversation.reopened', ...(to === 'queued' ? ['conversation.updated'] : [])]
        : from === 'queued' ? ['conversation.assigned', 'conversation.updated']
        : ['conversation.updated'];
      expect(names({ events })).toEqual(expected);
    });

    it.each(STATUSES.filter((to) => to !== from && !MOVES[from].includes(to)))('does not become %s', async (to) => {
      const conversation = await inStatus(from);
      const { answer, events } = await during(api, () => api.put(`/conversations/${conversation.id}`, { status: to, subject: 'changed too', priority: 'urgent' }));
      expect(answer).toMatchObject({ status: 409, body: { code: 'conversation.invalid_transition', allowed: MOVES[from] } });
      expect(events).toEqual([]);
      expect(await get(conversation)).toEqual(conversation);
    });

    it('stays so when told to be so', async () => {
      const conversation = await inStatus(from);
      const { answer, events } = await during(api, () => api.put(`/conversations/${conversation.id}`, { status: from, agent_id: conversation['agent_id'], tags: [] }));
      expect(answer).toMatchObject({ status: 200, body: conversation });
      expect(events).toEqual([]);
    });
  });

  it('ends by DELETE, and ending it again changes nothing', async () => {
    const conversation = await aConversation(api);
    const first = await during(api, () => api.delete(`/conversations/${conversation.id}`));
    expect(first.answer).toMatchObject({ status: 200, body: { id: conversation.id, status: 'closed', agent_id: agent.id, closed_at: expect.any(String) } });
    expect(names(first)).toEqual(['conversation.closed']);
    expect(first.events[0]!.data).toMatchObject({ conversation_id: conversation.id, agent_id: agent.id, previous_status: 'open', closed_by: first.answer.body.closed_by, message_count: 0 });
    const again = await during(api, () => Promise.all([0, 1, 2].map((index) => cluster.each(index).as(api.headers).delete(`/conversations/${conversation.id}`))));
    for (const answer of again.answer) expect(answer).toMatchObject({ status: 200, body: first.answer.body });
    expect(again.events).toEqual([]);
  });

  it('ends once when many end it at the same time', async () => {
    const conversation = await aConversation(api);
    const { answer, events } = await during(api, () => Promise.all(Array.from({ length: 12 }, (_, index) => cluster.each(index).as(api.headers).delete(`/conversations/${conversation.id}`))));
    expect(tally(answer)).toEqual({ 200: 12 });
    for (const { body } of answer) expect(body).toEqual(answer[0]!.body);
    expect(names({ events })).toEqual(['conversation.closed']);
  });

  it('is reopened with its agent, counters and messages', async () => {
    const conversation = await aConversation(api);
    await aMessage(api, conversation);
    await api.delete(`/conversations/${conversation.id}`);
    const { answer, events } = await during(api, () => api.put(`/conversations/${conversation.id}`, { status: 'open' }));
    expect(answer.body).toMatchObject({ status: 'open', agent_id: agent.id, message_count: 1, closed_at: null, closed_by: null, assigned_at: conversation['assigned_at'] });
    expect(names({ events })).toEqual(['conversation.reopened']);
    expect((await aMessage(api, conversation))['seq']).toBe(2);
  });

  it('is reopened with whoever is free when its agent is no more', async () => {
    const conversation = await aConversation(api);
    await api.delete(`/conversations/${conversation.id}`);
    await api.delete(`/agents/${agent.id}`);
    expect(await get(conversation)).toMatchObject({ status: 'closed', agent_id: agent.id });
    const nobody = await during(api, () => api.put(`/conversations/${conversation.id}`, { status: 'open' }));
    expect(nobody.answer).toMatchObject({ status: 409, body: { code: 'conversation.no_agent_available' } });
    expect(nobody.events).toEqual([]);
    const other = await anAgent(api);
    const { answer, events } = await during(api, () => api.put(`/conversations/${conversation.id}`, { status: 'open' }));
    expect(answer.body).toMatchObject({ status: 'open', agent_id: other.id });
    expect(names({ events })).toEqual(['conversation.reopened', 'conversation.assigned']);
  });

  it('is given to nobody beyond what he takes, where nobody named an agent', async () => {
    await api.put(`/agents/${agent.id}`, { max_conversations: 1 });
    const ended = await aConversation(api);
    await api.delete(`/conversations/${ended.id}`);
    await aConversation(api);
    const path = `/conversations/${ended.id}`;
    const { answer, events } = await during(api, () => api.put(path, { status: 'open' }));
    expect(answer).toMatchObject({ status: 409, body: { code: 'conversation.no_agent_available' } });
    expect(events).toEqual([]);
    const other = await anAgent(api);
    expect((await api.put(path, { status: 'open' })).body).toMatchObject({ status: 'open', agent_id: other.id });
    for (let count = 0; count < 2; count++) {
      await api.delete(path);
      expect((await api.put(path, { status: 'open', agent_id: agent.id })).body).toMatchObject({ status: 'open', agent_id: agent.id });
    }

    const { agent: full, as } = await aLogin(cluster.a, { max_conversations: 1, department: 'full' });
    await aConversation(cluster.a.api, { department: 'full' });
    const waiting = await aConversation(cluster.a.api, { department: 'full' });
    expect(await as.put(`/conversations/${waiting.id}`, { status: 'open' })).toMatchObject({ status: 409, body: { code: 'agent.at_capacity' } });
    expect((await as.put(`/conversations/${waiting.id}`, { status: 'open', agent_id: full.id })).body).toMatchObject({ status: 'open', agent_id: full.id });
  });

  it('that is closed takes no agent unless it is reopened', async () => {
    const served = await inStatus('closed');
    const unserved = await inStatus('queued');
    await api.delete(`/conversations/${unserved.id}`);
    const other = await anAgent(api, { status: 'away' });
    for (const [conversation, agent_id] of [[served, other.id], [served, null], [unserved, agent.id]] as const) {
      const before = await get(conversation);
      const { answer, events } = await during(api, () => api.put(`/conversations/${conversation.id}`, { agent_id }));
      expect(answer).toMatchObject({ status: 409, body: { code: 'conversation.closed', allowed: ['open', 'queued'] } });
      expect(events).toEqual([]);
      expect(await get(conversation)).toEqual(before);
    }
    const same = await during(api, () => api.put(`/conversations/${unserved.id}`, { agent_id: null }));
    expect(same).toMatchObject({ answer: { status: 200, body: { status: 'closed' } }, events: [] });
    expect((await api.put(`/conversations/${unserved.id}`, { agent_id: other.id, status: 'open' })).body).toMatchObject({ status: 'open', agent_id: other.id });
    expect((await api.put(`/conversations/${served.id}`, { subject: 'Written afterwards' })).body).toMatchObject({ status: 'closed', subject: 'Written afterwards' });
  });

  it('refuses an agent that does not go with the status', async () => {
    const other = await anAgent(api, { status: 'away' });
    const open = await inStatus('open');
    const queued = await inStatus('queued');
    for (const [conversation, body] of [
      [open, { status: 'pending', agent_id: null }],
      [open, { status: 'queued', agent_id: other.id }],
      [open, { status: 'closed', agent_id: other.id }],
      [queued, { status: 'closed', agent_id: other.id }],
    ] as const) {
      const { answer, events } = await during(api, () => api.put(`/conversations/${conversation.id}`, body));
      expect(answer).toMatchObject({ status: 422, body: { errors: [{ field: 'agent_id' }] } });
      expect(events).toEqual([]);
    }
    for (const agent_id of ['agt_00000000000000000000000000', '']) {
      expect((await api.put(`/conversations/${open.id}`, { agent_id })).body.errors).toEqual([expect.objectContaining({ field: 'agent_id', code: 'agent.not_found' })]);
    }
    expect(await get(open)).toEqual(open);
  });

  it('tells of an agent, of other fields, of both, and of nothing', async () => {
    const other = await anAgent(api, { status: 'away' });
    const conversation = await aConversation(api, { metadata: { a: 1 } });
    const change = (body: object) => during(api, () => api.put(`/conversations/${conversation.id}`, body));
    const agentOnly = await change({ agent_id: other.id });
    expect(names(agentOnly)).toEqual(['conversation.assigned']);
    expect(agentOnly.events[0]!.data).toMatchObject({ agent_id: other.id, previous_agent_id: agent.id });
    expect(agentOnly.answer.body.assigned_at >= conversation['assigned_at']).toBe(true);

    const fields = await change({ category: 'order', priority: 'high', skills: ['billing'], tags: ['vip'], metadata: { b: 2 } });
    expect(names(fields)).toEqual(['conversation.updated']);
    expect(fields.events[0]!.data).toMatchObject({ changed: ['category', 'priority', 'skills', 'tags', 'metadata'], metadata: { b: 2 } });
    expect(fields.answer.body).toMatchObject({ category: 'order', priority: 'high', metadata: { b: 2 }, agent_id: other.id, status: 'open' });

    const both = await change({ agent_id: agent.id, subject: 'Parcel' });
    expect(names(both)).toEqual(['conversation.assigned', 'conversation.updated']);
    expect(both.events[1]!.data).toMatchObject({ changed: ['subject'] });

    const nothing = await change({ subject: 'Parcel', agent_id: agent.id, metadata: { b: 2 } });
    expect(nothing.answer.body).toEqual(both.answer.body);
    expect(nothing.events).toEqual([]);
    expect((await change({})).events).toEqual([]);
  });

  it('keeps what concurrent changes of different fields wrote, and changes once for equal ones', async () => {
    const conversation = await aConversation(api);
    const changes = [{ subject: 's' }, { category: 'c' }, { priority: 'low' }, { tags: ['t'] }, { skills: ['k'] }, { metadata: { m: 1 } }, { department: 'd' }, { status: 'pending' }];
    const answers = await Promise.all(changes.flatMap((change) => [0, 1].map((index) => cluster.each(index).as(api.headers).put(`/conversations/${conversation.id}`, change))));
    expect(tally(answers)).toEqual({ 200: 16 });
    expect(await get(conversation)).toMatchObject(Object.assign({}, ...changes));
  });

  it('takes one of two agents who accept it at the same time, and both answers are true in their order', async () => {
    const queued = await inStatus('queued');
    const others = await Promise.all([anAgent(api, { status: 'away' }), anAgent(api, { status: 'away' })]);
    const before = await lastPosition(api);
    const answers = await Promise.all(others.map(({ id }, index) => cluster.each(index).as(api.headers).put(`/conversations/${queued.id}`, { agent_id: id })));
    expect(tally(answers)).toEqual({ 200: 2 });
    const assigned = await rows<{ data: string }>(cluster.a, "SELECT data FROM events WHERE conversation_id = ? AND type = 'conversation.assigned' ORDER BY number", [queued.id]);
    const last = JSON.parse(assigned.at(-1)!.data);
    expect(await get(queued)).toMatchObject({ agent_id: last.agent_id });
    expect(await lastPosition(api)).toBeGreaterThan(before);
  });

  it('that waits is taken by the agent who opens it, and by one only', async () => {
    const { api: main } = cluster.a;
    const agents = await Promise.all([0, 1, 2, 3].map(() => aLogin(cluster.a, { status: 'away' })));
    const queued = await aConversation(main);
    expect(queued).toMatchObject({ status: 'queued' });
    const answers = await Promise.all(agents.map(({ as }) => as.put(`/conversations/${queued.id}`, { status: 'open' })));
    expect(tally(answers)).toEqual({ 200: 1, 404: 3 });
    const winner = agents[answers.findIndex(({ status }) => status === 200)]!.agent;
    expect((await main.get(`/conversations/${queued.id}`)).body).toMatchObject({ status: 'open', agent_id: winner.id });
  });

  it('honours If-Match, which covers what callers write and not counters', async () => {
    const conversation = await aConversation(api);
    const path = `/conversations/${conversation.id}`;
    const etag = (await api.get(path)).headers.get('etag')!;
    await aMessage(api, conversation);
    expect((await api.get(path)).headers.get('etag')).toBe(etag);
    expect((await api.put(path, { subject: 'one' }, { 'if-match': etag })).status).toBe(200);
    expect(await api.put(path, { subject: 'two' }, { 'if-match': etag })).toMatchObject({ status: 412 });
    expect(await api.delete(path, { 'if-match': etag })).toMatchObject({ status: 412 });
    expect(await get(conversation)).toMatchObject({ subject: 'one', status: 'open' });
  });
});
