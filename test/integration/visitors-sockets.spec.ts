import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aLogin, aMessage, anOrganization, created, unique } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { openSocket } from '../support/open-socket.js';
import { SocketRefused, connectSocket } from '../support/socket-client.js';
import type { SocketClient } from '../support/socket-client.js';
import type { Caller } from '../support/start-test-app.js';

const WAIT_MS = 5000;

describe('a visitor on a socket', () => {
  let cluster: Cluster;
  let api: Caller;
  let visitor: Resource;
  let conversation: Resource;

  beforeAll(async () => {
    cluster = await startCluster();
    api = cluster.a.api;
    visitor = await created(api.post('/visitors', { external_id: unique('visitor'), name: 'Ada' }));
    conversation = await created(api.post('/conversations', { visitor_id: visitor.id, channel: 'web', subject: 'Parcel', department: 'support', tags: ['internal'], metadata: { margin: 3 } }));
  });

  afterAll(() => cluster.close());

  const tokenOf = async (of: Resource): Promise<string> => (await api.post(`/visitors/${of.id}/token`)).body.token;

  const connect = (token: string, on = cluster.a): Promise<SocketClient> => openSocket(on.url, token);

  it('is let in with a token of its own, on any instance', async () => {
    const answer = await api.post(`/visitors/${visitor.id}/token`);
    expect(answer).toMatchObject({ status: 200, body: { visitor_id: visitor.id, expires_in: 900, token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) } });
    expect(Date.parse(answer.body.expires_at) - Date.now()).toBeGreaterThan(800_000);
    for (const on of [cluster.a, cluster.b]) expect((await connect(answer.body.token, on)).socket.connected).toBe(true);
    expect((await api.post('/visitors/vis_00000000000000000000000000/token')).body.code).toBe('visitor.not_found');
  });

  it('gets nowhere else with it, and an agent not in as a visitor', async () => {
    const token = await tokenOf(visitor);
    const as = cluster.a.as({ authorization: `Bearer ${token}` });
    for (const path of ['/auth/me', `/visitors/${visitor.id}`, '/conversations', '/messages', '/events']) {
      expect((await as.get(path)).body).toMatchObject({ status: 401, code: 'auth.credential_invalid' });
    }
    expect((await as.post('/messages', { conversation_id: conversation.id, type: 'text', content: 'x' })).status).toBe(401);
    const [head, body] = token.split('.') as [string, string];
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as object;
    const forged = `${head}.${Buffer.from(JSON.stringify({ ...claims, sub: 'vis_00000000000000000000000000' })).toString('base64url')}.${token.split('.')[2]!}`;
    const refused = await connectSocket(cluster.a.url, forged).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(SocketRefused);
    expect(refused).toMatchObject({ code: 'auth.credential_invalid' });
  });

  it('is told of its own conversations, in the words that are for visitors', async () => {
    const { agent, as } = await aLogin(cluster.a, { status: 'away', department: 'support' });
    const mine = await connect(await tokenOf(visitor), cluster.b);
    const foreign = await aConversation(api, { agent_id: agent.id });
    await aMessage(api, foreign, { content: 'not for you' });
    await created(as.post('/messages', { conversation_id: conversation.id, type: 'text', content: 'hello Ada', metadata: { note: 'secret' } }));
    await api.put(`/conversations/${conversation.id}`, { tags: ['still internal'] });
    await api.put(`/conversations/${conversation.id}`, { agent_id: agent.id });
    await api.put(`/agents/${agent.id}`, { nickname: 'Li' });
    await api.put(`/visitors/${visitor.id}`, { tags: ['vip'] });
    const last = await aMessage(api, conversation, { content: 'thanks' });
    const { envelope } = await mine.waitFor(({ envelope: { data } }) => data['message_id'] === last.id, WAIT_MS);
    expect(Object.keys(envelope.data).toSorted()).toEqual([
      'client_msg_no', 'content', 'conversation_id', 'created_at', 'deleted_at', 'edited_at', 'message_id', 'sender', 'seq', 'status', 'type', 'visitor_id',
    ]);
    expect(mine.events.map(({ event }) => event)).toEqual(['message.sent', 'conversation.assigned', 'conversation.updated', 'message.received']);
    expect(mine.events[1]!.envelope.data).toEqual({
      conversation_id: conversation.id, visitor_id: visitor.id, agent_id: agent.id, status: 'open', channel: 'web', subject: 'Parcel',
    });
    expect(JSON.stringify(mine.events)).not.toMatch(/secret|internal|margin|not for you/);
    expect(mine.ready).toEqual({ position: 0 });
  });

  it('sends as itself, and reads what it missed', async () => {
    const own = await created(api.post('/conversations', { visitor_id: visitor.id }));
    const socket = await connect(await tokenOf(visitor));
    const sent = await socket.request('message.send', { conversation_id: own.id, type: 'text', content: 'Where is it?', client_msg_no: 'v-1' });
    expect(sent).toMatchObject({ ok: true, data: { sender: { type: 'visitor', id: visitor.id }, content: 'Where is it?', seq: 1 } });
    expect(sent.data).not.toHaveProperty('metadata');
    expect((await socket.request('message.send', { conversation_id: own.id, type: 'text', content: 'Where?', client_msg_no: 'v-1' })).data).toEqual(sent.data);
    expect((await api.get(`/messages/${sent.data.id}`)).body).toMatchObject({ sender: { type: 'visitor', id: visitor.id } });
    await aMessage(api, own, { sender: { type: 'bot', id: 'faq' }, content: 'On its way', metadata: { score: 0.3 } });
    const synced = await socket.request('sync', { conversation_id: own.id, after_seq: 1 });
    expect(synced).toMatchObject({ ok: true, data: { has_more: false, messages: [{ seq: 2, content: 'On its way' }] } });
    expect(JSON.stringify(synced)).not.toContain('score');
  });

  it('is refused what is not its own', async () => {
    const foreign = await aConversation(api);
    const closed = await created(api.post('/conversations', { visitor_id: visitor.id }));
    await api.delete(`/conversations/${closed.id}`);
    const socket = await connect(await tokenOf(visitor));
    const text = { type: 'text', content: 'x' };
    const cases: [string, object, string][] = [
      ['message.send', { conversation_id: foreign.id, ...text }, 'conversation.not_found'],
      ['message.send', { conversation_id: closed.id, ...text }, 'conversation.closed'],
      ['message.send', { conversation_id: conversation.id, ...text, sender: { type: 'agent', id: 'agt_00000000000000000000000000' } }, 'message.sender_forbidden'],
      ['message.send', { conversation_id: conversation.id, ...text, sender: { type: 'visitor', id: 'vis_00000000000000000000000000' } }, 'message.sender_forbidden'],
      ['message.send', { conversation_id: conversation.id, ...text, sender: { type: 'bot' } }, 'message.sender_forbidden'],
      ['sync', { conversation_id: foreign.id, after_seq: 0 }, 'conversation.not_found'],
      ['sync', { after_position: 0 }, 'auth.scope_missing'],
    ];
    for (const [event, payload, code] of cases) {
      expect({ event, payload, answer: await socket.request(event, payload) }).toMatchObject({ event, payload, answer: { ok: false, error: { code } } });
    }
  });

  it('of another organization is not even there', async () => {
    const { api: theirs } = await anOrganization(cluster.a);
    expect((await theirs.post(`/visitors/${visitor.id}/token`)).status).toBe(404);
    const other = await created(theirs.post('/visitors', {}));
    const socket = await connect((await theirs.post(`/visitors/${other.id}/token`)).body.token);
    expect(await socket.request('sync', { conversation_id: conversation.id, after_seq: 0 })).toMatchObject({ ok: false, error: { code: 'conversation.not_found' } });
  });
});
