import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiKeys } from '../../src/modules/auth/auth.contract.js';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aLogin, aMessage, anAgent, during } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { rows } from '../support/invariants.js';
import { openSocket } from '../support/open-socket.js';
import type { SocketClient } from '../support/socket-client.js';
import { API_KEY } from '../support/start-test-app.js';
import type { Caller } from '../support/start-test-app.js';
import { TestClock } from '../support/test-clock.js';

const WAIT_MS = 5000;

describe('commands over a socket', () => {
  const clock = new TestClock();
  let cluster: Cluster;
  let api: Caller;

  beforeAll(async () => {
    cluster = await startCluster({ clock });
    api = cluster.a.api;
  });

  afterAll(() => cluster.close());

  const connect = (token = API_KEY, on = cluster.a): Promise<SocketClient> => openSocket(on.url, token);

  async function keyWith(...scopes: string[]): Promise<string> {
    const { organization_id } = (await api.get('/auth/me')).body;
    return (await cluster.a.app.get(ApiKeys).create({ organizationId: organization_id, name: 'limited', scopes })).key;
  }

  async function visitorOf(conversation: Resource, on = cluster.b): Promise<SocketClient> {
    return connect((await api.post(`/visitors/${conversation['visitor_id']}/token`)).body.token, on);
  }

  const refused = (code: string) => ({ ok: false, error: expect.objectContaining({ code }) });
  /** All that has been emitted before is there when this one is. */
  async function settled(socket: SocketClient, conversation: Resource): Promise<void> {
    const { id } = await aMessage(api, conversation);
    await socket.waitFor(({ envelope }) => envelope.data['message_id'] === id, WAIT_MS);
  }

  describe('message.read and message.delivered', () => {
    it('of an agent and of a visitor are told to the other side', async () => {
      const { agent, as } = await aLogin(cluster.a, { status: 'away' });
      const conversation = await aConversation(api, { agent_id: agent.id });
      await aMessage(api, conversation);
      const [desk, visitor] = [await connect(as.token), await visitorOf(conversation)];
      const read = { conversation_id: conversation.id, reader: { type: 'agent', id: agent.id }, up_to_seq: 1, unread_count: 0 };
      expect(await desk.request('message.read', { conversation_id: conversation.id, up_to_seq: 1 })).toEqual({ ok: true, data: read });
      const told = await visitor.waitFor('message.read', WAIT_MS);
      expect(told.envelope.data).toEqual({ conversation_id: conversation.id, visitor_id: conversation['visitor_id'], reader: read.reader, up_to_seq: 1 });
      await as.post('/messages', { conversation_id: conversation.id, type: 'text', content: 'answer' });
      const own = { conversation_id: conversation.id, reader: { type: 'visitor', id: conversation['visitor_id'] }, up_to_seq: 2 };
      expect(await visitor.request('message.delivered', { conversation_id: conversation.id })).toEqual({ ok: true, data: own });
      expect((await desk.waitFor('message.delivered', WAIT_MS)).envelope.data).toMatchObject(own);
      expect(await visitor.request('message.read', { conversation_id: conversation.id })).toEqual({ ok: true, data: own });
      await desk.waitFor(({ event, envelope }) => event === 'message.read' && envelope.data['reader'].type === 'visitor', WAIT_MS);
      expect((await api.get(`/conversations/${conversation.id}/messages?sort=seq`)).body.data.map(({ status }: Resource) => status)).toEqual(['read', 'read']);
    });

    it('are refused as over REST', async () => {
      const [conversation, other] = [await aConversation(api), await aConversation(api)];
      const [visitor, reader] = [await visitorOf(conversation), await connect(await keyWith('messages:read'))];
      expect(await visitor.request('message.read', { conversation_id: other.id })).toEqual(refused('conversation.not_found'));
      expect(await visitor.request('message.read', { conversation_id: conversation.id, reader: { type: 'agent' } })).toEqual(refused('message.reader_forbidden'));
      expect(await visitor.request('message.read', { conversation_id: conversation.id, up_to_seq: 'x' })).toEqual(refused('request.invalid'));
      expect(await reader.request('message.read', { conversation_id: conversation.id })).toEqual(refused('auth.scope_missing'));
    });
  });

  describe('typing', () => {
    it('is told to those who may see the conversation and to its visitor, not to its sender, and kept nowhere', async () => {
      const { agent, as } = await aLogin(cluster.a, { status: 'away' });
      const { as: outsider } = await aLogin(cluster.a, { status: 'away', department: 'elsewhere' });
      const conversation = await aConversation(api, { agent_id: agent.id });
      const [desk, watcher, stranger, visitor] = [await connect(as.token), await connect(API_KEY, cluster.b), await connect(outsider.token), await visitorOf(conversation)];
      const { events } = await during(api, async () => {
        expect(await desk.request('typing', { conversation_id: conversation.id })).toEqual({ ok: true, data: { relayed: true } });
        const data = { conversation_id: conversation.id, sender: { type: 'agent', id: agent.id }, typing: true };
        for (const socket of [watcher, visitor]) {
          const { envelope } = await socket.waitFor('typing', WAIT_MS);
          expect(envelope).toEqual({ id: expect.stringMatching(/^evt_/), event: 'typing', timestamp: Math.floor(clock.now() / 1000), data });
        }
        await visitor.request('typing', { conversation_id: conversation.id, typing: false });
        expect((await desk.waitFor('typing', WAIT_MS)).envelope.data).toEqual({ conversation_id: conversation.id, sender: { type: 'visitor', id: conversation['visitor_id'] }, typing: false });
      });
      // The visitor has come online.
      expect(events.filter(({ event }) => event !== 'visitor.online')).toEqual([]);
      expect(await rows(cluster.a, "SELECT id FROM events WHERE type = 'typing'")).toEqual([]);
      await settled(desk, conversation);
      expect(stranger.events.filter(({ event }) => event !== 'visitor.online')).toEqual([]);
      expect(desk.events.filter(({ event, envelope }) => event === 'typing' && envelope.data['sender'].type === 'agent')).toEqual([]);
    });

    it('is told no more often than anybody needs to know', async () => {
      const conversation = await aConversation(api);
      const [writer, watcher] = [await connect(), await connect(API_KEY, cluster.b)];
      const acks = [];
      for (let index = 0; index < 12; index++) acks.push((await writer.request('typing', { conversation_id: conversation.id, typing: index % 2 === 0 })).data.relayed);
      expect(acks.filter(Boolean)).toHaveLength(5);
      clock.advance(1000);
      expect((await writer.request('typing', { conversation_id: conversation.id })).data).toEqual({ relayed: true });
      expect((await writer.request('typing', { conversation_id: conversation.id })).data).toEqual({ relayed: false });
      await settled(watcher, conversation);
      expect(watcher.events.filter(({ event }) => event === 'typing').length).toBeLessThanOrEqual(6);
    });

    it('is refused where a message would be', async () => {
      const { agent, as } = await aLogin(cluster.a, { status: 'away' });
      const [own, foreign, closed] = [await aConversation(api, { agent_id: agent.id }), await aConversation(api, { department: 'elsewhere' }), await aConversation(api, { agent_id: agent.id })];
      await api.delete(`/conversations/${closed.id}`);
      const socket = await connect(as.token);
      expect(await socket.request('typing', { conversation_id: foreign.id })).toEqual(refused('conversation.not_found'));
      expect(await socket.request('typing', { conversation_id: closed.id })).toEqual(refused('conversation.closed'));
      expect(await socket.request('typing', { conversation_id: own.id, sender: { type: 'visitor' } })).toEqual(refused('message.sender_forbidden'));
      expect(await socket.request('typing', { conversation_id: own.id, typing: 'yes' })).toEqual(refused('request.invalid'));
      expect(await socket.request('typing', {})).toEqual(refused('request.invalid'));
    });
  });

  describe('conversation.subscribe', () => {
    it('tells of one conversation who is told of none, until it unsubscribes', async () => {
      const [one, other] = [await aConversation(api), await aConversation(api)];
      const [reader, watcher] = [await connect(await keyWith('messages:read'), cluster.b), await connect(API_KEY, cluster.b)];
      expect(await reader.request('conversation.subscribe', { conversation_id: one.id })).toEqual({ ok: true, data: { conversation_id: one.id, subscribed: true } });
      await aMessage(api, other);
      await aMessage(api, one);
      await reader.waitFor('message.received', WAIT_MS);
      await settled(watcher, one);
      expect(new Set(reader.events.map(({ envelope }) => envelope.data['conversation_id']))).toEqual(new Set([one.id]));
      expect(await reader.request('conversation.unsubscribe', { conversation_id: one.id })).toEqual({ ok: true, data: { conversation_id: one.id, subscribed: false } });
      const before = reader.events.length;
      await settled(watcher, one);
      expect(reader.events).toHaveLength(before);
    });

    it('tells nobody twice', async () => {
      const conversation = await aConversation(api);
      const socket = await connect(API_KEY, cluster.b);
      await socket.request('conversation.subscribe', { conversation_id: conversation.id });
      await settled(socket, conversation);
      await settled(socket, conversation);
      expect(socket.events.filter(({ event }) => event === 'message.received')).toHaveLength(2);
      await socket.request('conversation.unsubscribe', { conversation_id: conversation.id });
      await settled(socket, conversation);
    });

    it('tells on only while its owner may see the conversation, and again when it may', async () => {
      const { as } = await aLogin(cluster.a, { role: 'supervisor', department: 'support' });
      const { id: agent_id } = await anAgent(api, { status: 'away' });
      const conversation = await aConversation(api, { department: 'support', agent_id });
      const [supervisor, watcher] = [await connect(as.token, cluster.b), await connect(API_KEY, cluster.b)];
      await supervisor.request('conversation.subscribe', { conversation_id: conversation.id });
      await settled(supervisor, conversation);
      const before = supervisor.events.length;
      await api.put(`/conversations/${conversation.id}`, { department: 'sales' });
      await settled(watcher, conversation);
      // That it is gone, and nothing of what happens in it then.
      expect(supervisor.events.slice(before).map(({ event, envelope }) => [event, envelope.data])).toEqual([
        ['conversation.updated', { conversation_id: conversation.id, agent_id, department: 'sales', status: 'open', previous_agent_id: agent_id, previous_department: 'support', previous_status: 'open' }],
      ]);
      await api.put(`/conversations/${conversation.id}`, { department: 'support' });
      await settled(supervisor, conversation);
    });

    it('is refused for what one may not see', async () => {
      const { as } = await aLogin(cluster.a, { status: 'away' });
      const foreign = await aConversation(api, { department: 'elsewhere' });
      const own = await aConversation(api);
      const [agent, writer, visitor] = [await connect(as.token), await connect(await keyWith('messages:write')), await visitorOf(own)];
      expect(await agent.request('conversation.subscribe', { conversation_id: foreign.id })).toEqual(refused('conversation.not_found'));
      expect(await agent.request('conversation.subscribe', { conversation_id: 'nonsense' })).toEqual(refused('conversation.not_found'));
      expect(await agent.request('conversation.subscribe', {})).toEqual(refused('request.invalid'));
      for (const socket of [writer, visitor]) expect(await socket.request('conversation.subscribe', { conversation_id: own.id })).toEqual(refused('auth.scope_missing'));
    });
  });

  describe('agent.set_status', () => {
    it('is one presence for all tabs of an agent', async () => {
      const { agent, as } = await aLogin(cluster.a, { status: 'offline' });
      const [one, two] = [await connect(as.token), await connect(as.token, cluster.b)];
      const { answer, events } = await during(api, async () => {
        await one.request('agent.set_status', { status: 'online' });
        return two.request('agent.set_status', { status: 'online' });
      });
      expect(answer).toMatchObject({ ok: true, data: { id: agent.id, status: 'online' } });
      expect(events.map(({ event }) => event)).toEqual(['agent.status_changed']);
      for (const socket of [one, two]) await socket.waitFor(({ event, envelope }) => event === 'agent.status_changed' && envelope.data['agent_id'] === agent.id, WAIT_MS);
      one.close();
      expect((await api.get(`/agents/${agent.id}`)).body.status).toBe('online');
      expect(await two.request('agent.set_status', { status: 'away' })).toMatchObject({ ok: true, data: { status: 'away' } });
    });

    it('of another is for who may write agents', async () => {
      const { agent, as } = await aLogin(cluster.a, { status: 'offline' });
      const { agent: other } = await aLogin(cluster.a, { status: 'offline' });
      const [own, key] = [await connect(as.token), await connect()];
      expect(await own.request('agent.set_status', { status: 'online', agent_id: other.id })).toEqual(refused('auth.scope_missing'));
      expect(await key.request('agent.set_status', { status: 'busy', agent_id: agent.id })).toMatchObject({ ok: true, data: { status: 'busy' } });
      expect(await key.request('agent.set_status', { status: 'busy' })).toEqual(refused('request.invalid'));
      expect(await own.request('agent.set_status', { status: 'asleep' })).toEqual(refused('request.invalid'));
      const visitor = await visitorOf(await aConversation(api));
      expect(await visitor.request('agent.set_status', { status: 'online' })).toEqual(refused('request.invalid'));
      expect(await visitor.request('agent.set_status', { status: 'online', agent_id: agent.id })).toEqual(refused('auth.scope_missing'));
    });
  });
});
