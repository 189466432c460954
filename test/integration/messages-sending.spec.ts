import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aLogin, aMessage, anAgent, anOrganization, during, tally, unique } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { expectConsistent } from '../support/invariants.js';
import type { Answer, Caller } from '../support/start-test-app.js';

describe('sending messages', () => {
  let cluster: Cluster;
  let api: Caller;

  beforeAll(async () => {
    cluster = await startCluster();
    api = cluster.a.api;
  });

  afterEach(() => expectConsistent(cluster.a));
  afterAll(() => cluster.close());

  const post = (conversation: Resource, over: Record<string, unknown> = {}, caller = api): Promise<Answer> =>
    caller.post('/messages', { conversation_id: conversation.id, sender: { type: 'visitor' }, type: 'text', content: 'hello', ...over });
  const get = async ({ id }: Resource): Promise<Resource> => (await api.get(`/conversations/${id}`)).body;

  it('answers the whole message', async () => {
    const conversation = await aConversation(api);
    const { answer, events } = await during(api, () => post(conversation, { content: '你好 👋', metadata: { source: 'app' }, client_msg_no: 'n-1' }));
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe(`/api/v1/messages/${answer.body.id}`);
    expect(answer.body).toEqual({
      id: expect.stringMatching(/^msg_[0-9a-z]{26}$/), conversation_id: conversation.id, sender: { type: 'visitor', id: conversation['visitor_id'] },
      type: 'text', content: '你好 👋', metadata: { source: 'app' }, client_msg_no: 'n-1', number: expect.any(Number), seq: 1, status: 'sent',
      created_at: expect.any(String), edited_at: null, deleted_at: null,
    });
    expect((await api.get(`/messages/${answer.body.id}`)).body).toEqual(answer.body);
    const { id, ...fields } = answer.body;
    expect(events).toEqual([expect.objectContaining({ event: 'message.received' })]);
    expect(events[0]!.data).toEqual({ message_id: id, ...fields, visitor_id: conversation['visitor_id'], agent_id: conversation['agent_id'] });
  });

  it('counts characters, however many units each takes', async () => {
    const conversation = await aConversation(api);
    const answer = await post(conversation, { content: '👋'.repeat(20_000) });
    expect(answer.status).toBe(201);
    expect((await api.get(`/messages/${answer.body.id}`)).body.content).toBe('👋'.repeat(20_000));
    expect((await post(conversation, { content: '👋'.repeat(20_001) })).status).toBe(422);
  });

  it('makes one message of 64 concurrent posts of the same client_msg_no', async () => {
    const conversation = await aConversation(api);
    const { answer: answers, events } = await during(api, () =>
      Promise.all(Array.from({ length: 64 }, (_, index) => post(conversation, { client_msg_no: 'once', content: 'the same' }, cluster.each(index).api))),
    );
    expect(tally(answers)).toEqual({ 200: 63, 201: 1 });
    for (const { body } of answers) expect(body).toEqual(answers[0]!.body);
    expect(answers[0]!.body).toMatchObject({ seq: 1, client_msg_no: 'once' });
    expect(events.map(({ event }) => event)).toEqual(['message.received']);
    expect(await get(conversation)).toMatchObject({ message_count: 1, unread_count: 1 });
  });

  it('numbers 64 concurrent posts into one conversation 1 to 64, in the order of the log', async () => {
    const conversation = await aConversation(api);
    const { answer: answers, events } = await during(api, () =>
      Promise.all(Array.from({ length: 64 }, (_, index) => post(conversation, { content: `${index}` }, cluster.each(index).api))),
    );
    expect(tally(answers)).toEqual({ 201: 64 });
    const bySeq = answers.map(({ body }) => body).sort((a, b) => a.seq - b.seq);
    expect(bySeq.map(({ seq }) => seq)).toEqual(Array.from({ length: 64 }, (_, index) => index + 1));
    expect(bySeq.map(({ number }) => number)).toEqual(bySeq.map(({ number }) => number).sort((a, b) => a - b));
    expect(new Set(bySeq.map(({ number }) => number)).size).toBe(64);
    expect(events.map(({ data }) => [data['message_id'], data['seq']])).toEqual(bySeq.map(({ id, seq }) => [id, seq]));
    expect(await get(conversation)).toMatchObject({ message_count: 64, unread_count: 64 });
    const listed = (await api.get(`/conversations/${conversation.id}/messages?sort=seq&limit=100`)).body.data;
    expect(listed).toEqual(bySeq);
  });

  it('keeps many conversations apart, with repeats and refusals among them', async () => {
    const conversations = await Promise.all(Array.from({ length: 8 }, () => aConversation(api)));
    const closed = await aConversation(api);
    await api.delete(`/conversations/${closed.id}`);
    const posts = Array.from({ length: 160 }, (_, index) => {
      const caller = cluster.each(index).api;
      if (index % 10 === 9) return post(closed, {}, caller);
      if (index % 10 === 8) return post(conversations[0]!, { sender: { type: 'visitor', id: 'vis_00000000000000000000000000' } }, caller);
      return post(conversations[index % 8]!, { client_msg_no: `n-${Math.floor(index / 16)}` }, caller);
    });
    const answers = await Promise.all(posts);
    expect(answers.filter((_, index) => index % 10 === 9).every(({ status }) => status === 409)).toBe(true);
    expect(answers.filter((_, index) => index % 10 === 8).every(({ status }) => status === 422)).toBe(true);
    expect(answers.filter((_, index) => index % 10 < 8).every(({ status }) => status === 200 || status === 201)).toBe(true);
    expect((await get(closed))['message_count']).toBe(0);
  });

  it('takes one client_msg_no in two conversations for two messages, and compares it byte by byte', async () => {
    const [one, two] = [await aConversation(api), await aConversation(api)];
    const first = await aMessage(api, one, { client_msg_no: 'A-1' });
    expect((await aMessage(api, two, { client_msg_no: 'A-1' })).id).not.toBe(first.id);
    for (const client_msg_no of ['a-1', 'A-1 ', ' A-1', 'Á-1', 'A-１', '中文编号']) {
      const message = await aMessage(api, one, { client_msg_no });
      expect(message['client_msg_no']).toBe(client_msg_no);
      expect(await post(one, { client_msg_no, content: 'again' })).toMatchObject({ status: 200, body: { id: message.id, content: 'hello' } });
    }
    expect(await post(one, { client_msg_no: 'A-1' })).toMatchObject({ status: 200, body: { id: first.id } });
    const found = (await api.get(`/messages?conversation_id=${one.id}&client_msg_no=A-1`)).body.data;
    expect(found.map(({ id }: Resource) => id)).toEqual([first.id]);
    expect((await get(one))['message_count']).toBe(7);
    for (const client_msg_no of ['', 'x'.repeat(101), 7]) expect((await post(one, { client_msg_no })).status).toBe(422);
    expect((await aMessage(api, one, { client_msg_no: null }))['client_msg_no']).toBeNull();
    expect((await aMessage(api, one, { client_msg_no: null }))['seq']).toBe(9);
  });

  it('refuses a message into a closed conversation, but answers what had been sent before', async () => {
    const conversation = await aConversation(api);
    const first = await aMessage(api, conversation, { client_msg_no: 'n-1' });
    await api.delete(`/conversations/${conversation.id}`);
    const { answer, events } = await during(api, () => post(conversation, { client_msg_no: 'n-2' }));
    expect(answer).toMatchObject({ status: 409, body: { code: 'conversation.closed' } });
    expect(events).toEqual([]);
    expect(await post(conversation, { client_msg_no: 'n-1', content: 'other words' })).toMatchObject({ status: 200, body: first });
    expect(await get(conversation)).toMatchObject({ message_count: 1, unread_count: 1 });
  });

  it('never stores a message behind the end of its conversation', async () => {
    for (let round = 0; round < 5; round++) {
      const conversation = await aConversation(api);
      const { events } = await during(api, () =>
        Promise.all([
          ...Array.from({ length: 6 }, (_, index) => post(conversation, {}, cluster.each(index).api)),
          cluster.b.api.delete(`/conversations/${conversation.id}`),
          ...Array.from({ length: 6 }, (_, index) => post(conversation, {}, cluster.each(index).api)),
        ]),
      );
      expect(events.at(-1)).toMatchObject({ event: 'conversation.closed', data: { message_count: events.length - 1 } });
      expect((await get(conversation))['message_count']).toBe(events.length - 1);
    }
  });

  it('lets an agent send as itself only', async () => {
    const { agent, as } = await aLogin(cluster.a, { status: 'away' });
    const other = await anAgent(api, { status: 'away' });
    const conversation = await aConversation(api, { agent_id: agent.id });
    expect((await post(conversation, { sender: undefined }, as)).body).toMatchObject({ sender: { type: 'agent', id: agent.id }, seq: 1 });
    expect((await post(conversation, { sender: { type: 'agent', id: agent.id } }, as)).status).toBe(201);
    expect((await post(conversation, { sender: { type: 'agent' } }, as)).status).toBe(201);
    for (const sender of [{ type: 'agent', id: other.id }, { type: 'visitor' }, { type: 'visitor', id: conversation['visitor_id'] }, { type: 'bot' }, { type: 'system' }]) {
      expect(await post(conversation, { sender }, as)).toMatchObject({ status: 403, body: { code: 'message.sender_forbidden' } });
    }
    expect((await get(conversation))['message_count']).toBe(3);
  });

  it('lets an application name whoever belongs there', async () => {
    const agent = await anAgent(api, { status: 'away' });
    const conversation = await aConversation(api);
    const sent = async (sender: unknown) => (await during(api, () => post(conversation, { sender })));
    const cases: [unknown, object, string][] = [
      [{ type: 'visitor' }, { type: 'visitor', id: conversation['visitor_id'] }, 'message.received'],
      [{ type: 'visitor', id: conversation['visitor_id'] }, { type: 'visitor', id: conversation['visitor_id'] }, 'message.received'],
      [{ type: 'agent', id: agent.id }, { type: 'agent', id: agent.id }, 'message.sent'],
      [{ type: 'bot', id: 'helper-7' }, { type: 'bot', id: 'helper-7' }, 'message.sent'],
      [{ type: 'bot' }, { type: 'bot', id: null }, 'message.sent'],
      [{ type: 'system' }, { type: 'system', id: null }, 'message.sent'],
    ];
    for (const [sender, stored, event] of cases) {
      const { answer, events } = await sent(sender);
      expect(answer).toMatchObject({ status: 201, body: { sender: stored } });
      expect(events.map((entry) => entry.event)).toEqual([event]);
    }
    const otherVisitor = (await aConversation(api))['visitor_id'];
    const foreign = await anAgent((await anOrganization(cluster.a)).api);
    for (const [sender, field] of [
      [undefined, 'sender'], [{ type: 'visitor', id: otherVisitor }, 'sender.id'], [{ type: 'agent' }, 'sender.id'],
      [{ type: 'agent', id: 'agt_00000000000000000000000000' }, 'sender.id'], [{ type: 'agent', id: foreign.id }, 'sender.id'],
      [{ type: 'robot' }, 'sender.type'], [{}, 'sender.type'], [{ type: 'bot', id: '' }, 'sender.id'], [{ type: 'bot', id: 'x'.repeat(65) }, 'sender.id'],
      [{ type: 'bot', name: 'x' }, 'sender.name'], ['visitor', 'sender'], [null, 'sender'],
    ] as const) {
      const { answer, events } = await sent(sender);
      expect({ sender, status: answer.status, fields: answer.body.errors?.map((error: any) => error.field) }).toEqual({ sender, status: 422, fields: [field] });
      expect(events).toEqual([]);
    }
  });

  it.each([
    ['text', 'hello', true], ['text', 'x'.repeat(20_000), true], ['text', '😀'.repeat(10_000), true], ['text', '\u0000', false], ['text', '\ud800', false],
    ['text', 'x'.repeat(20_001), false], ['text', '', false], ['text', { text: 'hello' }, false], ['text', null, false], ['text', undefined, false], ['text', 7, false], ['text', ['a'], false],
    ['image', { url: 'https://example.com/a.png', width: 1 }, true], ['image', 'https://example.com/a.png', false], ['image', [], false], ['image', null, false], ['image', undefined, false],
    ['file', {}, true], ['voice', { url: 'x', seconds: 3.5 }, true], ['video', { url: 'x' }, true], ['location', { lat: 1.5, lng: -2 }, true], ['link', { url: 'x', title: '标题' }, true],
    ['card', { rows: [{ a: [1, null, true] }] }, true], ['event', { name: 'typing' }, true], ['card', { blob: 'x'.repeat(32 * 1024) }, false],
    ['card', JSON.parse(`${'{"a":'.repeat(17)}1${'}'.repeat(17)}`), false], ['sticker', { id: 1 }, false], [undefined, 'hello', false], ['TEXT', 'hello', false],
  ])('takes type %s with content %j: %s', async (type, content, fits) => {
    const conversation = await aConversation(api);
    const answer = await post(conversation, { type, content });
    expect(answer.status).toBe(fits ? 201 : 422);
    expect((await get(conversation))['message_count']).toBe(fits ? 1 : 0);
    if (!fits) return;
    expect((await api.get(`/messages/${answer.body.id}`)).body.content).toEqual(content);
  });

  it('counts unread messages of the visitor, and the first answer of an agent once', async () => {
    const agent = await anAgent(api, { status: 'away' });
    const conversation = await aConversation(api, { agent_id: agent.id });
    for (const sender of [{ type: 'visitor' }, { type: 'bot' }, { type: 'system' }, { type: 'visitor' }]) await post(conversation, { sender });
    expect(await get(conversation)).toMatchObject({ message_count: 4, unread_count: 2, first_response_at: null });
    const answered = (await post(conversation, { sender: { type: 'agent', id: agent.id } })).body;
    expect(await get(conversation)).toMatchObject({ message_count: 5, first_response_at: answered.created_at });
    await Promise.all(Array.from({ length: 4 }, (_, index) => post(conversation, { sender: { type: 'agent', id: agent.id } }, cluster.each(index).api)));
    expect(await get(conversation)).toMatchObject({ message_count: 9, unread_count: 2, first_response_at: answered.created_at });
  });

  it('stamps the first answer also when it comes together with others', async () => {
    const agent = await anAgent(api, { status: 'away' });
    const conversation = await aConversation(api, { agent_id: agent.id });
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, index) => post(conversation, { sender: index % 2 === 0 ? { type: 'visitor' } : { type: 'agent', id: agent.id } }, cluster.each(index >> 1).api)),
    );
    const first = answers.map(({ body }) => body).filter(({ sender }) => sender.type === 'agent').sort((a, b) => a.seq - b.seq)[0];
    expect(await get(conversation)).toMatchObject({ message_count: 16, unread_count: 8, first_response_at: first.created_at });
  });

  it('knows nothing of conversations elsewhere', async () => {
    const { api: theirs } = await anOrganization(cluster.a);
    const conversation = await aConversation(api);
    for (const id of ['cnv_00000000000000000000000000', 'nonsense', conversation.id]) {
      expect(await post({ id }, {}, theirs)).toMatchObject({ status: 404, body: { code: 'conversation.not_found' } });
    }
    expect((await post({ id: unique('x').repeat(20) })).status).toBe(422);
    expect((await api.post('/messages', {})).body.errors.map(({ field }: any) => field)).toEqual(expect.arrayContaining(['conversation_id', 'type', 'content']));
  });
});
