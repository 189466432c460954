import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ServeWaiting } from '../../src/modules/conversations/serve-waiting.js';
import { TakeBackUnaccepted } from '../../src/modules/conversations/take-back-unaccepted.js';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aLogin, aMessage, anAgent, anOrganization, created, during } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { expectConsistent } from '../support/invariants.js';
import type { Caller } from '../support/start-test-app.js';
import { TestClock } from '../support/test-clock.js';

const TIMEOUT_S = 60;

describe('what an agent has not taken up', () => {
  const clock = new TestClock();
  let cluster: Cluster;
  let api: Caller;

  beforeAll(async () => {
    // The tests say when timers run.
    cluster = await startCluster({ clock, env: { ROLES: 'api' } });
  });

  beforeEach(async () => {
    ({ api } = await anOrganization(cluster.a));
    await created(api.post('/departments', { name: 'support', assignment_timeout_seconds: TIMEOUT_S }));
  });

  afterEach(() => expectConsistent(cluster.a));
  afterAll(() => cluster.close());

  const get = async ({ id }: Resource): Promise<Resource> => (await api.get(`/conversations/${id}`)).body;
  const names = (events: { event: string }[]): string[] => events.map(({ event }) => event);
  const kinds = async ({ id }: Resource): Promise<unknown[]> => (await api.get(`/conversations/${id}/assignments?sort=created_at`)).body.data.map(({ kind }: Resource) => kind);
  const supporter = (over: object = {}): Promise<Resource> => anAgent(api, { department: 'support', ...over });
  const inSupport = (over: object = {}): Promise<Resource> => aConversation(api, { department: 'support', ...over });
  /** On both instances at once. */
  const timeOut = (): Promise<unknown> => Promise.all([cluster.a, cluster.b].map(({ app }) => app.get(TakeBackUnaccepted).run()));

  it('goes to another when the time is over, and not a moment before', async () => {
    const slow = await supporter();
    const conversation = await inSupport();
    expect(conversation['agent_id']).toBe(slow.id);
    const other = await supporter();
    clock.advance(TIMEOUT_S * 1000 - 2000);
    await timeOut();
    expect(await get(conversation)).toMatchObject({ agent_id: slow.id });
    clock.advance(2001);
    const { events } = await during(api, timeOut);
    expect(names(events)).toEqual(['conversation.updated', 'conversation.assigned']);
    expect(events[0]!.data).toMatchObject({ status: 'queued', agent_id: null, previous_agent_id: slow.id, previous_status: 'open', changed: ['agent_id', 'status'], reason: 'timed_out' });
    expect(events[1]!.data).toMatchObject({ agent_id: other.id });
    expect(await get(conversation)).toMatchObject({ status: 'open', agent_id: other.id });
    expect(await kinds(conversation)).toEqual(['assigned', 'timed_out', 'assigned']);
    // The other has as much time.
    clock.advance(TIMEOUT_S * 1000 + 1);
    await timeOut();
    expect(await get(conversation)).toMatchObject({ agent_id: slow.id });
  });

  it('waits at its place where there is nobody else, and comes back to who is still there', async () => {
    const only = await supporter({ max_conversations: 1 });
    const conversation = await inSupport();
    clock.advance(30_000);
    const later = await inSupport();
    expect(later).toMatchObject({ status: 'queued', queue_position: 1 });
    clock.advance(TIMEOUT_S * 1000);
    await timeOut();
    // Who lets one wait is asked for the next.
    expect(await get(later)).toMatchObject({ agent_id: only.id });
    expect(await get(conversation)).toMatchObject({ status: 'queued', agent_id: null, queue_position: 1 });
    const newest = await inSupport();
    expect(newest).toMatchObject({ queue_position: 2 });
    await api.delete(`/conversations/${later.id}`);
    expect(await get(conversation)).toMatchObject({ status: 'open', agent_id: only.id });
  });

  it('keeps the place that it came to, however late it was given to somebody', async () => {
    const agent = await supporter({ max_conversations: 1 });
    const running = await inSupport();
    await api.post(`/conversations/${running.id}/accept`);
    const queue: Resource[] = [];
    for (let count = 0; count < 3; count++) {
      clock.advance(1000);
      queue.push(await inSupport());
    }
    const [first, second, third] = queue as [Resource, Resource, Resource];
    const positions = (): Promise<unknown[]> => Promise.all(queue.map(async (each) => (await get(each))['queue_position']));
    expect(await positions()).toEqual([1, 2, 3]);
    clock.advance(100_000);
    await api.delete(`/conversations/${running.id}`);
    expect(await positions()).toEqual([null, 1, 2]);
    clock.advance(TIMEOUT_S * 1000);
    await timeOut();
    expect(await get(second)).toMatchObject({ agent_id: agent.id });
    expect(await positions()).toEqual([1, null, 2]);
    // Also what somebody has taken out of the queue for an agent, who then goes away.
    const other = await supporter({ status: 'busy' });
    await api.post(`/conversations/${first.id}/assign`, { agent_id: other.id });
    clock.advance(1000);
    await api.put(`/agents/${other.id}/status`, { status: 'away' });
    expect(await positions()).toEqual([1, null, 2]);
    // What was taken up, or handed from one to another, begins to wait when it is handed back.
    await api.post(`/conversations/${first.id}/assign`, { agent_id: other.id });
    await api.post(`/conversations/${first.id}/accept`);
    await api.delete(`/agents/${other.id}`);
    expect(await get(third)).toMatchObject({ queue_position: 1 });
    expect(await get(first)).toMatchObject({ queue_position: 2 });
  });

  it('is also what was reopened for the agent who had it, unless that one did it itself', async () => {
    const main = cluster.a.api;
    const { agent, as } = await aLogin(cluster.a, { department: 'again' });
    await created(main.post('/departments', { name: 'again', assignment_timeout_seconds: TIMEOUT_S }));
    const conversation = await aConversation(main, { department: 'again' });
    const path = `/conversations/${conversation.id}`;
    const end = async (): Promise<void> => void (await as.delete(path));
    await as.post(`${path}/accept`);
    for (const reopen of [() => main.post(`${path}/reopen`), () => main.put(path, { status: 'open' })]) {
      await end();
      const { answer, events } = await during(main, reopen);
      expect(answer.body).toMatchObject({ status: 'open', agent_id: agent.id, accepted_at: null });
      expect(names(events)).toEqual(['conversation.reopened']);
      await main.put(`/agents/${agent.id}/status`, { status: 'away' });
      expect((await main.get(path)).body).toMatchObject({ status: 'queued', agent_id: null });
      await main.put(`/agents/${agent.id}/status`, { status: 'online' });
      expect((await main.get(path)).body).toMatchObject({ status: 'open', agent_id: agent.id });
      await as.post(`${path}/accept`);
    }
    await end();
    await main.post(`${path}/reopen`);
    clock.advance(TIMEOUT_S * 1000);
    await timeOut();
    expect((await main.get(path)).body).toMatchObject({ status: 'queued', agent_id: null });
    await as.post(`${path}/accept`);
    await end();
    expect((await as.post(`${path}/reopen`)).body).toMatchObject({ status: 'open', agent_id: agent.id, accepted_at: expect.any(String) });
    clock.advance(TIMEOUT_S * 1000);
    await timeOut();
    expect((await main.get(path)).body).toMatchObject({ status: 'open', agent_id: agent.id });
    expect((await main.get(`${path}/assignments?limit=2`)).body.data).toMatchObject([{ kind: 'accepted', actor_id: agent.id }, { kind: 'reopened', actor_id: agent.id }]);
  });

  it('is not forgotten when nothing else happens', async () => {
    const only = await supporter();
    const conversation = await inSupport();
    clock.advance(TIMEOUT_S * 1000 + 1);
    await timeOut();
    expect(await get(conversation)).toMatchObject({ status: 'queued', agent_id: null });
    clock.advance(31_000);
    await cluster.b.app.get(ServeWaiting).run();
    expect(await get(conversation)).toMatchObject({ status: 'open', agent_id: only.id });
  });

  it('is what is neither accepted nor answered', async () => {
    const { agent, as } = await aLogin(cluster.a, { department: 'front' });
    const main = cluster.a.api;
    await created(main.post('/departments', { name: 'front', assignment_timeout_seconds: TIMEOUT_S }));
    const makes = [...Array.from({ length: 5 })].map(() => aConversation(main, { department: 'front' }));
    const [accepted, answered, edited, pending, left] = (await Promise.all(makes)) as [Resource, Resource, Resource, Resource, Resource];
    await as.post(`/conversations/${accepted.id}/accept`);
    await as.post('/messages', { conversation_id: answered.id, type: 'text', content: 'hello' });
    await as.put(`/conversations/${edited.id}`, { tags: ['seen'] });
    await main.put(`/conversations/${pending.id}`, { status: 'pending' });
    clock.advance(TIMEOUT_S * 1000 + 1);
    await timeOut();
    const state = async ({ id }: Resource): Promise<unknown> => (await main.get(`/conversations/${id}`)).body.agent_id;
    expect(await Promise.all([accepted, answered, edited, pending, left].map(state))).toEqual([agent.id, agent.id, agent.id, agent.id, null]);
  });

  it('has no time where its department sets none, and that of the default where it has no settings', async () => {
    const agent = await anAgent(api);
    const [free, none] = [await aConversation(api), await aConversation(api)];
    clock.advance(86_400_000);
    await timeOut();
    expect(await get(free)).toMatchObject({ agent_id: agent.id });
    const settings = await created(api.post('/departments', { name: 'general', is_default: true, assignment_timeout_seconds: 10 }));
    const third = await aConversation(api);
    clock.advance(10_001);
    await timeOut();
    expect(await get(third)).toMatchObject({ status: 'queued' });
    expect(await get(none)).toMatchObject({ agent_id: agent.id });
    expect(settings['is_default']).toBe(true);
  });

  it('goes back to routing when its agent goes away, and the rest stays', async () => {
    for (const status of ['away', 'offline']) {
      const agent = await supporter();
      const [taken, untouched] = [await inSupport(), await inSupport()];
      await api.post(`/conversations/${taken.id}/accept`);
      const heir = await supporter({ status: 'busy' });
      const { events } = await during(api, () => api.put(`/agents/${agent.id}/status`, { status }));
      expect(names(events)).toEqual(['agent.status_changed', 'conversation.updated']);
      expect(events[1]!.data).toMatchObject({ conversation_id: untouched.id, status: 'queued', previous_agent_id: agent.id, reason: 'agent_away' });
      expect(await get(taken)).toMatchObject({ status: 'open', agent_id: agent.id });
      expect(await get(untouched)).toMatchObject({ status: 'queued', agent_id: null });
      expect(await kinds(untouched)).toEqual(['assigned', 'returned']);
      await api.put(`/agents/${heir.id}/status`, { status: 'online' });
      expect(await get(untouched)).toMatchObject({ status: 'open', agent_id: heir.id });
      for (const each of [taken, untouched]) await api.delete(`/conversations/${each.id}`);
      await api.put(`/agents/${heir.id}`, { enabled: false });
    }
  });

  it('stays with its agent who is busy, and is shared out again when two hand it on by going away', async () => {
    const [one, two] = [await supporter(), await supporter()];
    const conversation = await inSupport();
    const holder = conversation['agent_id'] === one.id ? one : two;
    const colleague = holder === one ? two : one;
    await api.put(`/agents/${holder.id}/status`, { status: 'busy' });
    expect(await get(conversation)).toMatchObject({ agent_id: holder.id });
    await api.put(`/agents/${holder.id}/status`, { status: 'away' });
    expect(await get(conversation)).toMatchObject({ agent_id: colleague.id });
  });

  it('is lost to nobody when answer and time-out meet', async () => {
    const agent = await supporter();
    const conversations = await Promise.all(Array.from({ length: 8 }, () => inSupport()));
    clock.advance(TIMEOUT_S * 1000 + 1);
    const answers = conversations.map((conversation) => aMessage(api, conversation, { sender: { type: 'agent', id: agent.id } }));
    await Promise.all([timeOut(), ...answers]);
    for (const each of await Promise.all(conversations.map(get))) {
      // Either the answer came first and counts, or it was taken back and the answer is a message like any other.
      expect(each['agent_id'] === agent.id ? each['accepted_at'] : each['status']).toEqual(each['agent_id'] === agent.id ? expect.any(String) : 'queued');
      expect(each['message_count']).toBe(1);
    }
  });
});
