import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ApiKeys } from '../../src/modules/auth/auth.contract.js';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aLogin, aMessage, anOrganization, created, eventsAfter, lastPosition } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { expectConsistent } from '../support/invariants.js';
import { openSocket } from '../support/open-socket.js';
import type { Ack, SocketClient } from '../support/socket-client.js';
import { API_KEY } from '../support/start-test-app.js';
import type { Caller } from '../support/start-test-app.js';

const WAIT_MS = 5000;

describe('requests over a socket', () => {
  let cluster: Cluster;
  let api: Caller;

  beforeAll(async () => {
    cluster = await startCluster();
    api = cluster.a.api;
  });

  afterEach(async () => {
    await expectConsistent(cluster.a);
  });

  afterAll(() => cluster.close());

  const connect = (token = API_KEY, on = cluster.a): Promise<SocketClient> => openSocket(on.url, token);

  /** A key of the first organization with these scopes only. */
  async function keyWith(...scopes: string[]): Promise<string> {
    const { organization_id } = (await api.get('/auth/me')).body;
    return (await cluster.a.app.get(ApiKeys).create({ organizationId: organization_id, name: 'limited', scopes })).key;
  }

  const fromVisitor = (conversation: Resource, over: Record<string, unknown> = {}) => ({ conversation_id: conversation.id, sender: { type: 'visitor' }, type: 'text', content: 'hello', ...over });

  describe('message.send', () => {
    it('is acknowledged with the message, which others see', async () => {
      const { agent, as } = await aLogin(cluster.a, { status: 'away' });
      const conversation = await aConversation(api, { agent_id: agent.id });
      const [sender, watcher] = [await connect(as.token), await connect(API_KEY, cluster.b)];
      const ack = await sender.request('message.send', { conversation_id: conversation.id, type: 'text', content: '你好', client_msg_no: 'n-1' });
      expect(ack).toEqual({ ok: true, data: expect.objectContaining({ conversation_id: conversation.id, sender: { type: 'agent', id: agent.id }, content: '你好', seq: 1, client_msg_no: 'n-1' }) });
      expect((await api.get(`/messages/${ack.data.id}`)).body).toEqual(ack.data);
      for (const socket of [sender, watcher]) {
        const { envelope } = await socket.waitFor('message.sent', WAIT_MS);
        expect(envelope.data).toMatchObject({ message_id: ack.data.id, content: '你好' });
      }
      expect(await sender.request('message.send', { conversation_id: conversation.id, type: 'text', content: 'again', client_msg_no: 'n-1' })).toEqual(ack);
      expect((await api.get(`/conversations/${conversation.id}`)).body.message_count).toBe(1);
    });

    it('is refused as the REST API refuses it', async () => {
      const { agent, as } = await aLogin(cluster.a, { status: 'away' });
      const own = await aConversation(api, { agent_id: agent.id });
      const closed = await aConversation(api, { agent_id: agent.id });
      await api.delete(`/conversations/${closed.id}`);
      const foreign = await aConversation(api, { department: 'elsewhere' });
      const socket = await connect(as.token);
      const text = { type: 'text', content: 'x' };
      const cases: [object, string, string[]?][] = [
        [{ conversation_id: closed.id, ...text }, 'conversation.closed'],
        [{ conversation_id: foreign.id, ...text }, 'conversation.not_found'],
        [{ conversation_id: 'nonsense', ...text }, 'conversation.not_found'],
        [{ conversation_id: own.id, ...text, sender: { type: 'visitor' } }, 'message.sender_forbidden'],
        [{ conversation_id: own.id, type: 'text', content: { a: 1 } }, 'request.invalid', ['content']],
        [{ conversation_id: own.id, type: 'sticker', colour: 'red' }, 'request.invalid', ['colour', 'type', 'content']],
        [{}, 'request.invalid', ['conversation_id', 'type', 'content']],
      ];
      for (const [payload, code, fields] of cases) {
        const ack = (await socket.request('message.send', payload)) as Ack & { error: { errors?: { field: string; code: string; message: string }[] } };
        expect({ payload, ok: ack.ok, code: ack.error.code }).toEqual({ payload, ok: false, code });
        expect(ack.error.message).toEqual(expect.any(String));
        expect(ack.error.errors === undefined ? undefined : new Set(ack.error.errors.map(({ field }) => field))).toEqual(fields === undefined ? undefined : new Set(fields));
        expect(Object.keys(ack)).toEqual(['ok', 'error']);
      }
    });

    it('numbers what comes over sockets and REST at once without gaps', async () => {
      const conversation = await aConversation(api);
      const clients = await Promise.all(Array.from({ length: 4 }, (_, index) => connect(API_KEY, cluster.each(index))));
      const acks = await Promise.all(Array.from({ length: 40 }, (_, index) => (index % 2 === 0
        ? clients[index % 4]!.request('message.send', fromVisitor(conversation)).then(({ data }) => data.seq as number)
        : aMessage(cluster.each(index).api, conversation).then((message) => message['seq'] as number))));
      expect(acks.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    });
  });

  it('need their scopes, and events theirs', async () => {
    const conversation = await aConversation(api);
    await aMessage(api, conversation);
    const [writer, reader, listener] = await Promise.all([connect(await keyWith('messages:write')), connect(await keyWith('messages:read')), connect(await keyWith('events:read'))]);
    const missing = (scope: string) => ({ ok: false, error: { code: 'auth.scope_missing', message: expect.stringContaining(scope) } });
    expect(await reader.request('message.send', fromVisitor(conversation))).toEqual(missing('messages:write'));
    expect(await writer.request('sync', { conversation_id: conversation.id, after_seq: 0 })).toEqual(missing('messages:read'));
    expect(await reader.request('sync', { after_position: 0 })).toEqual(missing('events:read'));
    expect(await reader.request('sync', { conversation_id: conversation.id })).toMatchObject({ ok: true, data: { messages: [{ seq: 1 }] } });
    expect(await listener.request('sync', { after_position: 0 })).toMatchObject({ ok: true });
    expect(await writer.request('message.send', fromVisitor(conversation))).toMatchObject({ ok: true, data: { seq: 2 } });
    await listener.waitFor(({ envelope }) => envelope.data['seq'] === 2, WAIT_MS);
    expect([...writer.events, ...reader.events]).toEqual([]);
  });

  describe('sync', () => {
    it('answers the messages after a seq, page by page and in order', async () => {
      const conversation = await aConversation(api);
      const sent: Resource[] = [];
      for (let index = 0; index < 7; index++) sent.push(await aMessage(api, conversation));
      const socket = await connect(API_KEY, cluster.b);
      const got: Resource[] = [];
      const more: boolean[] = [];
      do {
        const { data } = await socket.request('sync', { conversation_id: conversation.id, after_seq: got.at(-1)?.['seq'] ?? 0, limit: 3 });
        got.push(...data.messages);
        more.push(data.has_more);
      } while (more.at(-1));
      expect(got).toEqual(sent);
      expect(more).toEqual([true, true, false]);
      expect(await socket.request('sync', { conversation_id: conversation.id, after_seq: 7 })).toEqual({ ok: true, data: { messages: [], has_more: false } });
      expect(await socket.request('sync', { conversation_id: conversation.id })).toEqual({ ok: true, data: { messages: sent, has_more: false } });
    });

    it('answers the events after a position, page by page and in order', async () => {
      const start = await lastPosition(api);
      const socket = await connect(API_KEY, cluster.b);
      expect(socket.ready.position).toBe(start);
      for (let index = 0; index < 7; index++) await created(cluster.each(index).api.post('/visitors', {}));
      const got: any[] = [];
      const more: boolean[] = [];
      let position = start;
      do {
        const { data } = await socket.request('sync', { after_position: position, limit: 3 });
        got.push(...data.events);
        more.push(data.has_more);
        position = data.position;
      } while (more.at(-1));
      expect(got).toEqual(await eventsAfter(api, start));
      expect(got).toHaveLength(7);
      expect(more).toEqual([true, true, false]);
      expect(position).toBe(start + 7);
      expect(await socket.request('sync', { after_position: position })).toEqual({ ok: true, data: { events: [], has_more: false, position } });
    });

    it('answers what the caller may see', async () => {
      const { agent, as } = await aLogin(cluster.a, { status: 'away', department: 'support' });
      const start = await lastPosition(api);
      const own = await aConversation(api, { agent_id: agent.id });
      const foreign = await aConversation(api, { department: 'elsewhere' });
      await aMessage(api, own);
      await aMessage(api, foreign);
      const socket = await connect(as.token);
      const { data } = await socket.request('sync', { after_position: start });
      expect(data.events.map(({ event }: any) => event)).toEqual(['visitor.created', 'conversation.created', 'conversation.assigned', 'visitor.created', 'message.received']);
      expect(await socket.request('sync', { conversation_id: foreign.id })).toMatchObject({ ok: false, error: { code: 'conversation.not_found' } });
      const stranger = await connect((await anOrganization(cluster.a)).api.headers['x-api-key']!);
      expect(await stranger.request('sync', { after_position: 0 })).toEqual({ ok: true, data: { events: [], has_more: false, position: 0 } });
      expect(await stranger.request('sync', { conversation_id: own.id })).toMatchObject({ ok: false, error: { code: 'conversation.not_found' } });
    });

    it.each([
      {}, { after_seq: 1 }, { conversation_id: 7 }, { conversation_id: null }, { conversation_id: 'c', after_seq: -1 }, { conversation_id: 'c', after_seq: 1.5 }, { conversation_id: 'c', after_seq: '1' },
      { after_position: -1 }, { after_position: '0' }, { after_position: null }, { after_position: 0, limit: 0 }, { after_position: 0, limit: 501 }, { after_position: 0, limit: 'all' }, { after_position: 0, sort: 'x' },
    ])('is refused with %j', async (payload) => {
      const socket = await connect();
      expect(await socket.request('sync', payload)).toMatchObject({ ok: false, error: { code: 'request.invalid', errors: expect.arrayContaining([expect.objectContaining({ field: expect.any(String) })]) } });
    });
  });

  describe('that make no sense', () => {
    const NONSENSE: unknown[] = [
      undefined, null, 0, -1, 1e308, true, '', 'text', [], [1, 2], [{}], {}, { conversation_id: {} }, { conversation_id: ['c'] }, { constructor: 1 }, JSON.parse('{"__proto__": {"polluted": true}}'),
      JSON.parse('{"conversation_id": "c", "type": "card", "content": {"__proto__": {"polluted": true}}}'), { after_position: 1e308 }, { after_position: Number.MAX_SAFE_INTEGER }, { conversation_id: 'c', after_seq: 1e308 },
      Buffer.from('bytes'), { conversation_id: Buffer.from('bytes'), type: 'text', content: Buffer.from('bytes') }, JSON.parse(`${'['.repeat(1000)}${']'.repeat(1000)}`), 'x'.repeat(900_000),
      { conversation_id: 'x'.repeat(900_000) }, Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`field${index}`, index])),
    ];

    it.each(['message.send', 'sync'])('are acknowledged as errors and harm nobody: %s', async (name) => {
      const socket = await connect();
      for (const payload of NONSENSE) {
        const ack = await socket.request(name, payload);
        expect(['request.invalid', 'conversation.not_found', undefined]).toContain(ack.error?.code);
        // Only positions beyond the end of the log make sense.
        expect(ack.ok === false || ack.data.events.length === 0).toBe(true);
      }
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
      expect((await socket.request('sync', { after_position: 0, limit: 1 })).ok).toBe(true);
    });

    it('may come without a payload, without a function to acknowledge, with too much of both, or under unknown names', async () => {
      const socket = await connect();
      const conversation = await aConversation(api);
      for (const name of ['message.send', 'sync', 'unknown', 'ready', 'exception', 'message.received']) {
        for (const args of [[], [undefined], [{}], [{}, {}], [[]], ['x', 1, null]]) socket.socket.emit(name, ...args);
      }
      expect(await socket.socket.timeout(WAIT_MS).emitWithAck('message.send')).toMatchObject({ ok: false, error: { code: 'request.invalid' } });
      expect(await socket.socket.timeout(WAIT_MS).emitWithAck('message.send', fromVisitor(conversation), 'more')).toMatchObject({ ok: false, error: { code: 'request.invalid' } });
      socket.socket.emit('message.send', fromVisitor(conversation));
      await socket.waitFor(({ envelope }) => envelope?.data?.['conversation_id'] === conversation.id && envelope.event === 'message.received', WAIT_MS);
      expect(socket.events.filter(({ event }) => event === 'exception')).toEqual([]);
      expect((await cluster.a.as({}).get('//health/ready')).status).toBe(200);
    });

    it('may not hold bytes, which REST and callbacks could not carry', async () => {
      const conversation = await aConversation(api);
      const socket = await connect();
      for (const over of [{ type: 'image', content: Buffer.from('bytes') }, { type: 'card', content: { rows: [{ blob: new Uint8Array(3) }] } }, { metadata: { blob: Buffer.from('x') } }]) {
        expect(await socket.request('message.send', fromVisitor(conversation, over))).toMatchObject({ ok: false, error: { code: 'request.invalid' } });
      }
      expect((await api.get(`/conversations/${conversation.id}`)).body.message_count).toBe(0);
    });

    it('end the connection when they are larger than a request may be, and no other', async () => {
      const [big, other] = [await connect(), await connect()];
      const ended = new Promise((resolve) => big.socket.once('disconnect', resolve));
      big.socket.emit('message.send', { content: 'x'.repeat(2 * 1024 * 1024) });
      expect(await ended).toMatch(/transport/);
      expect((await other.request('sync', { after_position: 0, limit: 1 })).ok).toBe(true);
    });
  });
});
