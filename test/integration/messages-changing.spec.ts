import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aLogin, aMessage, anOrganization, during, tally } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { expectConsistent } from '../support/invariants.js';
import type { Caller } from '../support/start-test-app.js';

describe('messages', () => {
  let cluster: Cluster;
  let api: Caller;

  beforeAll(async () => {
    cluster = await startCluster();
    api = cluster.a.api;
  });

  afterEach(() => expectConsistent(cluster.a));
  afterAll(() => cluster.close());

  const get = async ({ id }: Resource): Promise<Resource> => (await api.get(`/messages/${id}`)).body;

  it('are edited: content and metadata, with an event, and nothing when nothing is given', async () => {
    const message = await aMessage(api, await aConversation(api), { metadata: { source: 'app' } });
    const path = `/messages/${message.id}`;
    const edited = await during(api, () => api.put(path, { content: 'better' }));
    expect(edited.answer).toMatchObject({ status: 200, body: { ...message, content: 'better', edited_at: expect.any(String) } });
    expect(edited.events).toEqual([expect.objectContaining({ event: 'message.updated' })]);
    expect(edited.events[0]!.data).toMatchObject({ message_id: message.id, conversation_id: message['conversation_id'], content: 'better', seq: 1, edited_at: edited.answer.body.edited_at });
    expect(await get(message)).toEqual(edited.answer.body);

    const labelled = await during(api, () => api.put(path, { metadata: { source: 'web' } }));
    expect(labelled.answer.body).toMatchObject({ content: 'better', metadata: { source: 'web' }, edited_at: edited.answer.body.edited_at });
    expect(labelled.events.map(({ event }) => event)).toEqual(['message.updated']);

    const nothing = await during(api, () => api.put(path, {}));
    expect(nothing).toMatchObject({ answer: { status: 200, body: labelled.answer.body }, events: [] });
  });

  it('keep their type when they are edited', async () => {
    const conversation = await aConversation(api);
    const text = await aMessage(api, conversation);
    const image = await aMessage(api, conversation, { type: 'image', content: { url: 'https://example.com/a.png' } });
    for (const [message, body] of [
      [text, { content: { url: 'x' } }], [text, { content: '' }], [text, { content: null }], [text, { content: 'x'.repeat(20_001) }], [text, { type: 'image' }], [text, { metadata: null }],
      [image, { content: 'words' }], [image, { content: [] }],
    ] as const) {
      const { answer, events } = await during(api, () => api.put(`/messages/${message.id}`, body));
      expect(answer.status).toBe(422);
      expect(events).toEqual([]);
      expect(await get(message)).toEqual(message);
    }
    expect((await api.put(`/messages/${image.id}`, { content: { url: 'https://example.com/b.png' } })).body).toMatchObject({ type: 'image', content: { url: 'https://example.com/b.png' } });
  });

  it('are recalled: the place stays, the content goes, once', async () => {
    const conversation = await aConversation(api);
    const message = await aMessage(api, conversation, { metadata: { source: 'app' }, client_msg_no: 'n-1' });
    const after = await aMessage(api, conversation);
    const path = `/messages/${message.id}`;
    const recalled = await during(api, () => api.delete(path));
    expect(recalled.answer).toMatchObject({ status: 200, body: { ...message, content: null, metadata: {}, deleted_at: expect.any(String) } });
    expect(recalled.events.map(({ event }) => event)).toEqual(['message.deleted']);
    expect(recalled.events[0]!.data).toMatchObject({ message_id: message.id, content: null, metadata: {}, seq: 1 });

    const again = await during(api, () => Promise.all([0, 1, 2, 3].map((index) => cluster.each(index).api.delete(path))));
    for (const answer of again.answer) expect(answer).toMatchObject({ status: 200, body: recalled.answer.body });
    expect(again.events).toEqual([]);
    const edit = await during(api, () => api.put(path, { content: 'too late' }));
    expect(edit.answer).toMatchObject({ status: 409, body: { code: 'message.recalled' } });
    expect(edit.events).toEqual([]);

    const listed = (await api.get(`/conversations/${conversation.id}/messages?sort=seq`)).body.data;
    expect(listed).toEqual([recalled.answer.body, after]);
    expect(await api.post('/messages', { conversation_id: conversation.id, sender: { type: 'visitor' }, type: 'text', content: 'new words', client_msg_no: 'n-1' })).toMatchObject({ status: 200, body: recalled.answer.body });
    expect((await api.get(`/conversations/${conversation.id}`)).body.message_count).toBe(2);
  });

  it('are recalled once when many recall them at the same time', async () => {
    const message = await aMessage(api, await aConversation(api));
    const { answer, events } = await during(api, () => Promise.all(Array.from({ length: 8 }, (_, index) => cluster.each(index).api.delete(`/messages/${message.id}`))));
    expect(tally(answer)).toEqual({ 200: 8 });
    expect(events.map(({ event }) => event)).toEqual(['message.deleted']);
  });

  it('are changed by the agent who wrote them and by an admin, and by no other agent', async () => {
    const { agent, as } = await aLogin(cluster.a, { status: 'away', department: 'support' });
    const supervisor = await aLogin(cluster.a, { status: 'away', department: 'support', role: 'supervisor' });
    const admin = await cluster.a.login('admin', 'correct horse battery staple');
    const conversation = await aConversation(api, { agent_id: agent.id, department: 'support' });
    const own = await aMessage(as, conversation, { sender: undefined });
    const visitors = await aMessage(api, conversation);
    for (const [caller, message] of [[as, visitors], [supervisor.as, visitors], [supervisor.as, own]] as const) {
      for (const answer of [await caller.put(`/messages/${message.id}`, { content: 'x' }), await caller.delete(`/messages/${message.id}`)]) {
        expect(answer).toMatchObject({ status: 403, body: { code: 'message.not_own' } });
      }
    }
    expect((await as.put(`/messages/${own.id}`, { content: 'mine' })).body.content).toBe('mine');
    expect((await admin.put(`/messages/${visitors.id}`, { content: 'moderated' })).body.content).toBe('moderated');
    expect((await as.delete(`/messages/${own.id}`)).status).toBe(200);
  });

  it('honour If-Match', async () => {
    const message = await aMessage(api, await aConversation(api));
    const path = `/messages/${message.id}`;
    const etag = (await api.get(path)).headers.get('etag')!;
    expect((await api.put(path, { content: 'one' }, { 'if-match': etag })).status).toBe(200);
    expect((await api.put(path, { content: 'two' }, { 'if-match': etag })).status).toBe(412);
    expect((await api.delete(path, { 'if-match': etag })).status).toBe(412);
    expect(await get(message)).toMatchObject({ content: 'one', deleted_at: null });
  });

  it('are changed also when their conversation is closed', async () => {
    const conversation = await aConversation(api);
    const message = await aMessage(api, conversation);
    await api.delete(`/conversations/${conversation.id}`);
    expect((await api.put(`/messages/${message.id}`, { content: 'corrected' })).status).toBe(200);
    expect((await api.delete(`/messages/${message.id}`)).body.deleted_at).toEqual(expect.any(String));
  });

  it('keep their order in the log while they are edited and new ones come', async () => {
    const conversation = await aConversation(api);
    const first = await aMessage(api, conversation);
    const { events } = await during(api, () =>
      Promise.all(Array.from({ length: 20 }, (_, index) => {
        const caller = cluster.each(index).api;
        return index % 2 === 0
          ? caller.post('/messages', { conversation_id: conversation.id, sender: { type: 'visitor' }, type: 'text', content: 'more' })
          : caller.put(`/messages/${first.id}`, { content: `edit ${index}` });
      })),
    );
    expect(events.filter(({ event }) => event === 'message.received').map(({ data }) => data['seq'])).toEqual(Array.from({ length: 10 }, (_, index) => index + 2));
    const edits = events.filter(({ event }) => event === 'message.updated');
    expect(edits).toHaveLength(10);
    expect((await get(first))['content']).toBe(edits.at(-1)!.data['content']);
  });

  it('are listed newest first, by seq, after a seq, by type and by sender, page by page', async () => {
    const conversation = await aConversation(api);
    const sent: Resource[] = [];
    for (let index = 0; index < 7; index++) {
      sent.push(await aMessage(api, conversation, { sender: { type: index % 2 === 0 ? 'visitor' : 'bot' }, ...(index === 3 && { type: 'card', content: {} }) }));
    }
    const path = `/conversations/${conversation.id}/messages`;
    const seqs = async (query: string): Promise<number[]> => (await api.get(`${path}?${query}`)).body.data.map(({ seq }: any) => seq);
    expect(await seqs('')).toEqual([7, 6, 5, 4, 3, 2, 1]);
    expect(await seqs('sort=seq&after_seq=4')).toEqual([5, 6, 7]);
    expect(await seqs('type=card')).toEqual([4]);
    expect(await seqs('sender_type=bot&sort=seq')).toEqual([2, 4, 6]);
    for (const sort of ['seq', '-seq', 'created_at', '-created_at']) {
      const seen: Resource[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const { body }: { body: any } = await api.get(`${path}?limit=3&sort=${sort}${cursor === '' ? '' : `&cursor=${cursor}`}`);
        seen.push(...body.data);
        cursor = body.next_cursor;
      }
      expect(seen).toEqual(sort.startsWith('-') ? sent.toReversed() : sent);
    }
    expect((await api.get(`/messages?conversation_id=${conversation.id}&limit=2&include_total=true`)).body).toMatchObject({ data: [{ seq: 7 }, { seq: 6 }], total: 7, has_more: true });
    for (const query of ['after_seq=-1', 'after_seq=x', 'limit=0', 'limit=101', 'sort=content', 'type=nothing', 'cursor=nonsense', 'colour=red']) {
      expect((await api.get(`${path}?${query}`)).status).toBe(422);
    }
    expect((await api.get('/conversations/cnv_00000000000000000000000000/messages')).body.code).toBe('conversation.not_found');
  });

  it('of another organization are not there', async () => {
    const message = await aMessage(api, await aConversation(api));
    const { api: theirs } = await anOrganization(cluster.a);
    for (const answer of [await theirs.get(`/messages/${message.id}`), await theirs.put(`/messages/${message.id}`, { content: 'x' }), await theirs.delete(`/messages/${message.id}`)]) {
      expect(answer).toMatchObject({ status: 404, body: { code: 'message.not_found' } });
    }
    expect((await theirs.get('/messages')).body.data).toEqual([]);
    expect(await get(message)).toEqual(message);
  });
});
