import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { newId } from '../../src/kernel/ids.js';
import { QueueRepository } from '../../src/modules/conversations/queue.repository.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, anAgent, anOrganization, during, tally } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { expectConsistent, rows } from '../support/invariants.js';
import type { Caller } from '../support/start-test-app.js';
import { TestClock } from '../support/test-clock.js';

describe('the queue', () => {
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

  /** A second after the one before. */
  const waiting = async (over: Record<string, unknown> = {}): Promise<Resource> => {
    clock.advance(1000);
    const conversation = await aConversation(api, over);
    expect(conversation['status']).toBe('queued');
    return conversation;
  };
  const get = async ({ id }: Resource): Promise<Resource> => (await api.get(`/conversations/${id}`)).body;
  const positions = async (conversations: Resource[]): Promise<(number | null)[]> =>
    (await Promise.all(conversations.map(get))).map((conversation) => conversation['queue_position']);
  const assigned = (events: { event: string; data: Record<string, any> }[]): unknown[] =>
    events.filter(({ event }) => event === 'conversation.assigned').map(({ data }) => data['conversation_id']);

  it('counts positions by priority and then by time', async () => {
    const low = await waiting({ priority: 'low' });
    const normal = await waiting();
    const urgent = await waiting({ priority: 'urgent' });
    const high = await waiting({ priority: 'high' });
    const normalToo = await waiting({ priority: 'normal' });
    expect(await positions([urgent, high, normal, normalToo, low])).toEqual([1, 2, 3, 4, 5]);
    expect((await api.get('/conversations?status=queued')).body.data.map((entry: Resource) => entry['queue_position'])).toEqual([4, 2, 1, 3, 5]);

    await api.put(`/conversations/${low.id}`, { priority: 'urgent' });
    expect(await positions([low, urgent, high])).toEqual([1, 2, 3]);
    await api.delete(`/conversations/${low.id}`);
    expect(await positions([low, urgent, high, normal, normalToo])).toEqual([null, 1, 2, 3, 4]);
  });

  it('counts before each those whom its agents serve too: of its department, or of none', async () => {
    const billing = [await waiting({ department: 'billing' }), await waiting({ department: 'billing' })];
    const support = await waiting({ department: 'support' });
    const anywhere = await waiting();
    const later = [await waiting({ department: 'support' }), await waiting({ department: 'billing' }), await waiting()];
    const all = [...billing, support, anywhere, ...later];
    expect(await positions(all)).toEqual([1, 2, 1, 4, 3, 4, 7]);
    const list = (await api.get('/conversations?status=queued&sort=created_at')).body.data;
    expect(list.map((entry: Resource) => entry['queue_position'])).toEqual([1, 2, 1, 4, 3, 4, 7]);
    expect((await api.put(`/conversations/${later[1]!.id}`, { priority: 'urgent' })).body).toMatchObject({ queue_position: 1 });
    expect(await positions(all)).toEqual([2, 3, 1, 5, 3, 1, 7]);
  });

  it('tells how long it takes by what its own agents do, and longer when they do nothing', async () => {
    await anAgent(api, { department: 'quick', max_conversations: 20 });
    await anAgent(api, { department: 'slow', max_conversations: 2 });
    for (let count = 0; count < 20; count++) await aConversation(api, { department: 'quick' });
    for (let count = 0; count < 2; count++) await aConversation(api, { department: 'slow' });
    clock.advance(599_000);
    const [quick, slow] = [await waiting({ department: 'quick' }), await waiting({ department: 'slow' })];
    // Twenty in ten minutes, and two.
    const between = (low: number, high: number, { estimated_wait_seconds: estimate }: Resource): boolean => low <= estimate && estimate < high;
    expect([between(30, 32, await get(quick)), between(300, 305, await get(slow))]).toEqual([true, true]);
    expect((await api.get('/conversations?status=queued&sort=created_at')).body.data).toMatchObject([await get(quick), await get(slow)]);
    clock.advance(600_000);
    expect([between(60, 63, await get(quick)), between(600, 605, await get(slow))]).toEqual([true, true]);
  });

  it('is served in its order as soon as an agent comes online', async () => {
    const agent = await anAgent(api, { status: 'offline', max_conversations: 3 });
    const normal = await waiting();
    const low = await waiting({ priority: 'low' });
    const urgent = await waiting({ priority: 'urgent' });
    const later = await waiting();
    const { events } = await during(api, () => api.put(`/agents/${agent.id}/status`, { status: 'online' }));
    expect(assigned(events)).toEqual([urgent.id, normal.id, later.id]);
    expect(await get(urgent)).toMatchObject({ status: 'open', agent_id: agent.id, queue_position: null });
    expect(await get(low)).toMatchObject({ status: 'queued', agent_id: null, queue_position: 1 });
  });

  it('is served when a conversation ends, and one that waits longer goes first', async () => {
    const agent = await anAgent(api, { max_conversations: 1 });
    const running = await aConversation(api);
    const [first, second] = [await waiting(), await waiting()];
    const { events } = await during(api, () => api.delete(`/conversations/${running.id}`));
    expect(events.map(({ event }) => event)).toEqual(['conversation.closed', 'conversation.assigned']);
    expect(assigned(events)).toEqual([first.id]);
    expect(await get(first)).toMatchObject({ status: 'open', agent_id: agent.id });
    expect(await positions([second])).toEqual([1]);
    await api.put(`/conversations/${first.id}`, { status: 'closed' });
    expect(await get(second)).toMatchObject({ status: 'open', agent_id: agent.id });
  });

  it('is served when an agent takes more, gains a skill, joins a department, is created or enabled', async () => {
    const agent = await anAgent(api, { max_conversations: 0 });
    const plain = await waiting();
    const skilled = await waiting({ skills: ['billing'] });
    const departmental = await waiting({ department: 'sales' });
    const elsewhere = await waiting({ department: 'night' });
    const steps: [Record<string, unknown>, Resource][] = [
      [{ max_conversations: 10 }, plain],
      [{ skills: ['billing'] }, skilled],
      [{ department: 'sales' }, departmental],
    ];
    for (const [change, conversation] of steps) {
      const { events } = await during(api, () => api.put(`/agents/${agent.id}`, change));
      expect(assigned(events)).toEqual([conversation.id]);
    }
    const night = await during(api, () => anAgent(api, { department: 'night', enabled: false }));
    expect(assigned(night.events)).toEqual([]);
    const enabled = await during(api, () => api.put(`/agents/${night.answer.id}`, { enabled: true }));
    expect(assigned(enabled.events)).toEqual([elsewhere.id]);
    const last = await waiting({ department: 'weekend' });
    expect(assigned((await during(api, () => anAgent(api, { department: 'weekend' }))).events)).toEqual([last.id]);
  });

  it('is served when a conversation is handed to another agent or put back', async () => {
    const busy = await anAgent(api, { max_conversations: 1 });
    const helper = await anAgent(api, { status: 'away' });
    const running = await aConversation(api);
    const first = await waiting();
    const handed = await during(api, () => api.put(`/conversations/${running.id}`, { agent_id: helper.id }));
    expect(handed.answer.body).toMatchObject({ status: 'open', agent_id: helper.id });
    expect(assigned(handed.events)).toEqual([running.id, first.id]);
    expect(await get(first)).toMatchObject({ agent_id: busy.id, status: 'open' });

    const second = await waiting();
    const back = await during(api, () => api.put(`/conversations/${first.id}`, { agent_id: null }));
    expect(back.answer.body).toMatchObject({ status: 'queued', agent_id: null });
    expect(assigned(back.events)).toEqual([second.id]);
    expect(await get(first)).toMatchObject({ status: 'queued', queue_position: 1 });
  });

  it('looks for an agent again when what a waiting conversation asks for changes', async () => {
    const agent = await anAgent(api, { department: 'support', skills: ['billing'] });
    const conversation = await waiting({ department: 'sales', skills: ['french'] });
    const still = await during(api, () => api.put(`/conversations/${conversation.id}`, { department: 'support' }));
    expect(still.answer.body).toMatchObject({ status: 'queued', queue_position: 1 });
    const found = await during(api, () => api.put(`/conversations/${conversation.id}`, { skills: ['billing'] }));
    expect(found.answer.body).toMatchObject({ status: 'open', agent_id: agent.id, queue_position: null });
    expect(found.events.map(({ event }) => event)).toEqual(['conversation.updated', 'conversation.assigned']);
    expect(await get(conversation)).toEqual(found.answer.body);
  });

  it('does not let those whom nobody can serve hold up the others', async () => {
    const unserved = await waiting({ skills: ['klingon'], priority: 'urgent' });
    const unitOfWork = cluster.a.app.get(UnitOfWork);
    const columns = (await rows<{ name: string }>(cluster.a, 'SELECT * FROM conversations LIMIT 1')).flatMap((row) => Object.keys(row)).filter((name) => name !== 'id').join(',');
    await unitOfWork.run(async () => {
      for (let count = 0; count < 450; count++) {
        await unitOfWork.transaction.query(`INSERT INTO conversations (id, ${columns}) SELECT ?, ${columns} FROM conversations WHERE id = ?`, [newId('conversation'), unserved.id]);
      }
    });
    const plain = await waiting();
    expect(await positions([plain])).toEqual([452]);
    const agent = await anAgent(api);
    expect(await get(plain)).toMatchObject({ status: 'open', agent_id: agent.id });
    const klingon = await during(api, () => api.put(`/agents/${agent.id}`, { skills: ['klingon'], max_conversations: 300 }));
    expect(assigned(klingon.events)).toHaveLength(299);
    expect(assigned(klingon.events)[0]).toBe(unserved.id);
  });

  it('serves one that was put back before those who come later', async () => {
    const agent = await anAgent(api, { max_conversations: 1 });
    const conversation = await aConversation(api);
    expect((await api.put(`/conversations/${conversation.id}`, { agent_id: null })).body).toMatchObject({ status: 'queued', queue_position: 1 });
    const newcomer = await aConversation(api);
    expect(newcomer).toMatchObject({ status: 'queued', queue_position: 1 });
    expect(await get(conversation)).toMatchObject({ status: 'open', agent_id: agent.id });
  });

  it('looks only at those whom an agent with room may serve, and at nobody when a newcomer has to wait', async () => {
    const sales = [];
    for (let count = 0; count < 3; count++) sales.push(await waiting({ department: 'sales' }));
    await anAgent(api, { department: 'support', skills: ['billing'] });
    const queued = vi.spyOn(QueueRepository.prototype, 'waiting');
    await waiting({ department: 'sales' });
    expect(queued).not.toHaveBeenCalled();
    expect((await aConversation(api, { department: 'support' }))['status']).toBe('open');
    expect(await Promise.all(queued.mock.results.map(({ value }) => value))).toEqual([[]]);
    queued.mockRestore();
    expect(await positions(sales)).toEqual([1, 2, 3]);
  });

  it('takes back what a disabled agent had, and gives it to others or lets it wait', async () => {
    const agent = await anAgent(api, { department: 'support' });
    const [open, pending, closed] = [await aConversation(api), await aConversation(api), await aConversation(api)];
    await api.put(`/conversations/${pending.id}`, { status: 'pending' });
    await api.delete(`/conversations/${closed.id}`);
    const heir = await anAgent(api, { max_conversations: 1 });
    clock.advance(1000);
    const { events } = await during(api, () => api.delete(`/agents/${agent.id}`));
    expect(events.map(({ event }) => event)).toEqual([
      'agent.status_changed', 'agent.deleted', 'conversation.updated', 'conversation.updated', 'conversation.assigned',
    ]);
    expect(events[2]!.data).toMatchObject({ conversation_id: open.id, agent_id: null, status: 'queued', previous_agent_id: agent.id, previous_status: 'open' });
    expect(events[3]!.data).toMatchObject({ conversation_id: pending.id, status: 'queued', previous_status: 'pending' });
    expect(await get(open)).toMatchObject({ status: 'open', agent_id: heir.id });
    expect(await get(pending)).toMatchObject({ status: 'queued', agent_id: null, assigned_at: null, queue_position: 1 });
    expect(await get(closed)).toMatchObject({ status: 'closed', agent_id: agent.id });
  });

  it('leaves running work to an agent who goes away, and gives no more', async () => {
    const agent = await anAgent(api);
    const running = await aConversation(api);
    await api.post(`/conversations/${running.id}/accept`);
    for (const status of ['away', 'busy', 'offline']) {
      await api.put(`/agents/${agent.id}/status`, { status });
      await waiting();
    }
    expect(await get(running)).toMatchObject({ status: 'open', agent_id: agent.id });
  });

  it('is served once when many things free agents at the same time', async () => {
    const agents = await Promise.all(Array.from({ length: 4 }, () => anAgent(api, { max_conversations: 2 })));
    const running = await Promise.all(Array.from({ length: 8 }, () => aConversation(api)));
    const queued = await Promise.all(Array.from({ length: 12 }, () => aConversation(api)));
    expect(queued.every(({ status }) => status === 'queued')).toBe(true);
    const { answer, events } = await during(api, () =>
      Promise.all(running.map(({ id }, index) => cluster.each(index).as(api.headers).delete(`/conversations/${id}`))),
    );
    expect(tally(answer)).toEqual({ 200: 8 });
    expect(assigned(events)).toHaveLength(8);
    expect(new Set(assigned(events)).size).toBe(8);
    for (const { id } of agents) expect((await api.get(`/conversations?agent_id=${id}&status=open&include_total=true`)).body.total).toBe(2);
    expect((await api.get('/conversations?status=queued&include_total=true')).body.total).toBe(4);
  });
});
