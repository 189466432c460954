import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aLogin, during } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { expectConsistent } from '../support/invariants.js';
import type { Answer, Caller } from '../support/start-test-app.js';

describe('messages in batches', () => {
  let cluster: Cluster;
  let api: Caller;
  let conversation: Resource;
  let other: Resource;
  let closed: Resource;

  beforeAll(async () => {
    cluster = await startCluster();
    api = cluster.a.api;
    [conversation, other, closed] = [await aConversation(api), await aConversation(api, { department: 'elsewhere' }), await aConversation(api)];
    await api.delete(`/conversations/${closed.id}`);
  });

  afterAll(async () => {
    await expectConsistent(cluster.a);
    await cluster.close();
  });

  const text = (content: string, over: Record<string, unknown> = {}) => ({ conversation_id: conversation.id, sender: { type: 'visitor' }, type: 'text', content, ...over });
  const statuses = ({ body }: Answer): string[] => body.data.map(({ status }: Resource) => status);

  it('are sent in their order, each with its result, and each with its event', async () => {
    const messages = [text('one'), text('two', { conversation_id: other.id }), text('three', { sender: { type: 'bot' } }), text('four')];
    const { answer, events } = await during(api, () => api.post('/messages/batch', { messages }));
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ created: 4, known: 0, invalid: 0 });
    expect(answer.body.data.map(({ index }: Resource) => index)).toEqual([0, 1, 2, 3]);
    for (const { message } of answer.body.data) expect((await api.get(`/messages/${message.id}`)).body).toEqual(message);
    expect(answer.body.data.filter((_: unknown, index: number) => index !== 1).map(({ message }: Resource) => message.seq)).toEqual([1, 2, 3]);
    expect(events.map(({ event, data }) => [event, data['content']])).toEqual([
      ['message.received', 'one'], ['message.received', 'two'], ['message.sent', 'three'], ['message.received', 'four'],
    ]);
  });

  it('fail alone, with what was wrong', async () => {
    const before = (await api.get(`/conversations/${conversation.id}`)).body.message_count;
    const messages = [
      text('good'), text('', {}), text('x', { conversation_id: 'cnv_nobody' }), text('x', { conversation_id: closed.id }), 'nonsense', null,
      text('x', { colour: 'red' }), text('x', { sender: { type: 'agent', id: 'agt_nobody' } }), text('good too'),
    ];
    const answer = await api.post('/messages/batch', { messages });
    expect(statuses(answer)).toEqual(['created', ...Array.from({ length: 7 }, () => 'invalid'), 'created']);
    expect(answer.body.data.map(({ error }: Resource) => error?.code)).toEqual([
      undefined, 'request.invalid', 'conversation.not_found', 'conversation.closed', 'request.invalid', 'request.invalid', 'request.invalid', 'request.invalid', undefined,
    ]);
    expect(answer.body.data[1].error.errors).toEqual([{ field: 'content', code: 'is_message_content', message: expect.any(String) }]);
    expect(Object.keys(answer.body.data[1])).toEqual(['index', 'status', 'error']);
    expect(Object.keys(answer.body.data[0])).toEqual(['index', 'status', 'message']);
    expect((await api.get(`/conversations/${conversation.id}`)).body.message_count).toBe(before + 2);
  });

  it('are sent once, within a batch, when it comes again, and when two come at once', async () => {
    const messages = Array.from({ length: 500 }, (_, index) => text(`row ${index}`, { client_msg_no: `row-${index % 499}` }));
    const answers = await Promise.all([cluster.a, cluster.b].map((app) => app.api.post('/messages/batch', { messages })));
    const again = await api.post('/messages/batch', { messages });
    expect(again.body).toMatchObject({ created: 0, known: 500, invalid: 0 });
    expect(answers.reduce((sum, { body }) => sum + body.created, 0)).toBe(499);
    const ids = (answer: Answer): string[] => answer.body.data.map(({ message }: Resource) => message.id);
    for (const answer of answers) expect(ids(answer)).toEqual(ids(again));
    expect(ids(again)[499]).toBe(ids(again)[0]);
    const seqs = again.body.data.slice(0, 499).map(({ message }: Resource) => message.seq);
    expect(seqs).toEqual(seqs.toSorted((a: number, b: number) => a - b));
  });

  it('are those of their sender', async () => {
    const { agent, as } = await aLogin(cluster.a, { status: 'away' });
    const own = await aConversation(api, { agent_id: agent.id });
    const message = { conversation_id: own.id, type: 'text', content: 'hello' };
    const answer = await as.post('/messages/batch', { messages: [message, { ...message, sender: { type: 'visitor' } }, { ...message, conversation_id: other.id }] });
    expect(answer.body.data[0].message.sender).toEqual({ type: 'agent', id: agent.id });
    expect(answer.body.data.map(({ error }: Resource) => error?.code)).toEqual([undefined, 'message.sender_forbidden', 'conversation.not_found']);
  });

  it('are 1 to 500, of up to 8 MiB', async () => {
    for (const messages of [[], Array.from({ length: 501 }, () => text('x')), 'x', undefined]) expect((await api.post('/messages/batch', { messages })).status).toBe(422);
    const long = Array.from({ length: 300 }, () => text('长'.repeat(8000)));
    const answer = await api.post('/messages/batch', { messages: long });
    expect(JSON.stringify({ messages: long }).length).toBeGreaterThan(1024 * 1024);
    expect(answer.body).toMatchObject({ created: 300, invalid: 0 });
    expect((await api.post('/messages/batch', { messages: Array.from({ length: 500 }, () => text('x'.repeat(19_000))) })).status).toBe(413);
  });
});
