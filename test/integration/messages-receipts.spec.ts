import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aLogin, aMessage, anAgent, created, during } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import type { Caller } from '../support/start-test-app.js';

describe('receipts of messages', () => {
  let cluster: Cluster;
  let api: Caller;
  let as: Caller;
  let agent: Resource;

  beforeAll(async () => {
    cluster = await startCluster();
    api = cluster.a.api;
    ({ agent, as } = await aLogin(cluster.a, { status: 'away' }));
  });

  afterAll(() => cluster.close());

  /** The visitor writes 1 and 2, the agent 3, the visitor 4, a bot 5. */
  async function aTalk(): Promise<Resource> {
    const talk = await aConversation(api, { agent_id: agent.id });
    for (const sender of ['visitor', 'visitor', 'agent', 'visitor', 'bot']) {
      if (sender === 'agent') await created(as.post('/messages', { conversation_id: talk.id, type: 'text', content: 'answer' }));
      else await aMessage(api, talk, { sender: { type: sender } });
    }
    return talk;
  }

  const statuses = async (talk: Resource, by = api): Promise<string[]> =>
    (await by.get(`/conversations/${talk.id}/messages?sort=seq`)).body.data.map(({ status }: Resource) => status);
  const unread = async (talk: Resource): Promise<number> => (await api.get(`/conversations/${talk.id}`)).body.unread_count;

  it('tell what the agent has read: the visitor’s messages up to there, which are no longer unread', async () => {
    const talk = await aTalk();
    expect([await statuses(talk), await unread(talk)]).toEqual([['sent', 'sent', 'sent', 'sent', 'sent'], 3]);
    const { answer, events } = await during(api, () => as.post(`/conversations/${talk.id}/read`, { up_to_seq: 2 }));
    const receipt = { conversation_id: talk.id, reader: { type: 'agent', id: agent.id }, up_to_seq: 2, unread_count: 1 };
    expect([answer.status, answer.body]).toEqual([200, receipt]);
    expect(events).toMatchObject([{ event: 'message.read', data: { ...receipt, previous_up_to_seq: 0, agent_id: agent.id, visitor_id: talk['visitor_id'] } }]);
    expect([await statuses(talk), await unread(talk)]).toEqual([['read', 'read', 'sent', 'sent', 'sent'], 1]);
    await aMessage(api, talk);
    expect(await unread(talk)).toBe(2);
    expect((await as.post(`/conversations/${talk.id}/read`)).body).toMatchObject({ up_to_seq: 6, unread_count: 0 });
    expect([await statuses(talk), await unread(talk)]).toEqual([['read', 'read', 'sent', 'read', 'sent', 'read'], 0]);
  });

  it('tell what the visitor has got and read: what agents, bots and the system wrote', async () => {
    const talk = await aTalk();
    const reader = { type: 'visitor' };
    expect((await api.post(`/conversations/${talk.id}/delivered`, { reader })).body).toEqual({ conversation_id: talk.id, reader: { type: 'visitor', id: talk['visitor_id'] }, up_to_seq: 5, unread_count: 3 });
    expect(await statuses(talk)).toEqual(['sent', 'sent', 'delivered', 'sent', 'delivered']);
    const { answer, events } = await during(api, () => api.post(`/conversations/${talk.id}/read`, { reader, up_to_seq: 3 }));
    expect(answer.body).toMatchObject({ up_to_seq: 3, unread_count: 3 });
    expect(events.map(({ event }) => event)).toEqual(['message.read']);
    expect([await statuses(talk), await unread(talk)]).toEqual([['sent', 'sent', 'read', 'sent', 'delivered'], 3]);
    await api.post(`/conversations/${talk.id}/read`, { reader });
    expect(await statuses(talk)).toEqual(['sent', 'sent', 'read', 'sent', 'read']);
  });

  it('never go back, and say nothing twice', async () => {
    const talk = await aTalk();
    await as.post(`/conversations/${talk.id}/read`, { up_to_seq: 4 });
    const { events } = await during(api, async () => {
      expect((await as.post(`/conversations/${talk.id}/read`, { up_to_seq: 1 })).body).toMatchObject({ up_to_seq: 4, unread_count: 0 });
      expect((await as.post(`/conversations/${talk.id}/read`, { up_to_seq: 4 })).body).toMatchObject({ up_to_seq: 4, unread_count: 0 });
      expect((await as.post(`/conversations/${talk.id}/delivered`, { up_to_seq: 4 })).body).toMatchObject({ up_to_seq: 4 });
    });
    expect(events).toEqual([]);
    expect((await as.post(`/conversations/${talk.id}/read`, { up_to_seq: 1000 })).body).toMatchObject({ up_to_seq: 5 });
  });

  it('are in every answer that has the message, and in its event', async () => {
    const talk = await aConversation(api, { agent_id: agent.id });
    const message = await aMessage(api, talk, { client_msg_no: 'once' });
    await as.post(`/conversations/${talk.id}/read`);
    expect((await api.get(`/messages/${message.id}`)).body.status).toBe('read');
    expect((await api.get(`/messages?conversation_id=${talk.id}`)).body.data[0].status).toBe('read');
    expect((await api.post('/messages', { conversation_id: talk.id, sender: { type: 'visitor' }, type: 'text', content: 'again', client_msg_no: 'once' })).body).toEqual({ ...message, status: 'read' });
    const { answer, events } = await during(api, () => api.put(`/messages/${message.id}`, { content: 'changed' }));
    expect([answer.body.status, events[0]!.data['status']]).toEqual(['read', 'read']);
  });

  it('leave one place when many tell at once, on all instances', async () => {
    const talk = await aTalk();
    const { events } = await during(api, () => Promise.all([1, 5, 2, 4, 3, 5, 1, 2].map((seq, index) => cluster.each(index).api.post(`/conversations/${talk.id}/read`, { up_to_seq: seq }))));
    expect(await unread(talk)).toBe(0);
    const places = events.map(({ data }) => [data['previous_up_to_seq'], data['up_to_seq']]);
    expect(places[0]![0]).toBe(0);
    expect(places.at(-1)![1]).toBe(5);
    for (let index = 1; index < places.length; index++) expect(places[index]![0]).toBe(places[index - 1]![1]);
  });

  it('are told by who may see the conversation, for itself', async () => {
    const talk = await aTalk();
    const foreign = await aConversation(api, { department: 'elsewhere' });
    const other = await anAgent(api);
    const cases: [Caller, string, object, number, string][] = [
      [as, foreign.id, {}, 404, 'conversation.not_found'],
      [as, 'cnv_nobody', {}, 404, 'conversation.not_found'],
      [as, talk.id, { reader: { type: 'visitor' } }, 403, 'message.reader_forbidden'],
      [as, talk.id, { reader: { type: 'agent', id: other.id } }, 403, 'message.reader_forbidden'],
      [api, talk.id, { reader: { type: 'visitor', id: 'vis_nobody' } }, 422, 'request.invalid'],
      [api, talk.id, { reader: { type: 'agent', id: 'agt_nobody' } }, 422, 'request.invalid'],
      [api, talk.id, { up_to_seq: 0 }, 422, 'request.invalid'],
      [api, talk.id, { reader: { type: 'bot' } }, 422, 'request.invalid'],
    ];
    for (const kind of ['read', 'delivered']) {
      for (const [by, id, body, status, code] of cases) {
        const answer = await by.post(`/conversations/${id}/${kind}`, body);
        expect([kind, body, answer.status, answer.body.code]).toEqual([kind, body, status, code]);
      }
    }
    expect(await statuses(talk)).toEqual(['sent', 'sent', 'sent', 'sent', 'sent']);
    expect((await api.post(`/conversations/${talk.id}/read`, { reader: { type: 'agent', id: other.id } })).body.reader).toEqual({ type: 'agent', id: other.id });
  });
});
