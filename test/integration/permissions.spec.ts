import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCallbackSink } from '../support/callback-sink.js';
import type { CallbackSink } from '../support/callback-sink.js';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aLogin, aMessage, anApplication, anEndpoint, created, eventsAfter, lastPosition, tally } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { connectSocket } from '../support/socket-client.js';
import type { EventEnvelope, SocketClient } from '../support/socket-client.js';
import type { Caller } from '../support/start-test-app.js';

const WAIT_MS = 5000;
const ALL = ['of alice', 'of bob', 'of bob in support', 'queued in support', 'queued in sales', 'queued nowhere'];

interface Viewer {
  as: Caller;
  /** The agent or the application. */
  id: string;
  socket: SocketClient;
  endpoint: Resource;
}

/**
 * Who sees what, over every way in which it can be seen: lists, by id, Socket.IO, the event log, and the callbacks of an
 * endpoint that each has made. The steps follow one another: each begins where the one before it ended.
 */
describe('data permission', () => {
  let cluster: Cluster;
  let sink: CallbackSink;
  let api: Caller;
  const viewers: Record<string, Viewer> = {};
  const conversations: Record<string, Resource> = {};

  beforeAll(async () => {
    cluster = await startCluster();
    sink = await startCallbackSink();
    api = cluster.a.api;
    const away = { status: 'away' };
    const agents = {
      alice: await aLogin(cluster.a, { ...away, department: 'support' }),
      bob: await aLogin(cluster.a, { ...away, department: 'sales' }),
      supervisor: await aLogin(cluster.a, { ...away, department: 'support', role: 'supervisor' }),
      admin: await aLogin(cluster.a, { ...away, role: 'admin' }),
    };
    for (const [name, { as, agent }] of Object.entries(agents)) await addViewer(name, as, agent.id);
    const { as, application } = await anApplication(cluster.a, { data_scope: { departments: ['support'] } });
    await addViewer('application', as, application.id);
  });

  afterAll(async () => {
    for (const { socket } of Object.values(viewers)) socket.close();
    await sink.close();
    await cluster.close();
  });

  async function addViewer(name: string, as: Caller & { token: string }, id: string): Promise<void> {
    // Changes are made on one instance, half of the sockets are on the other.
    const socket = await connectSocket(cluster.each(Object.keys(viewers).length).url, as.token);
    const endpoint = await anEndpoint(as, `${sink.url}/${name}`, { events: ['conversation.*', 'message.*'] });
    viewers[name] = { as, id, socket, endpoint };
  }

  const conversationOf = ({ data }: EventEnvelope): string | undefined =>
    Object.keys(conversations).find((name) => conversations[name]!.id === data['conversation_id']);
  const namesIn = (envelopes: readonly EventEnvelope[]): string[] => [...new Set(envelopes.map(conversationOf).filter((name) => name !== undefined))].sort();

  /** What each sees of what happens now: a message in every conversation, or what `work` does. */
  async function seenOf(work: () => Promise<unknown> = aMessageInEach): Promise<Record<string, Record<string, string[]>>> {
    await cluster.settle();
    const marks = Object.values(viewers).map(({ socket }) => socket.events.length);
    const position = await lastPosition(api);
    sink.clear();
    await work();
    await cluster.settle();
    const last = await created(api.post('/visitors', {}));
    const isLast = ({ envelope }: { envelope: EventEnvelope }): boolean => envelope.data['visitor_id'] === last.id;
    const seen: Record<string, Record<string, string[]>> = {};
    for (const [index, [name, { as, socket }]] of Object.entries(viewers).entries()) {
      await socket.waitFor(isLast, WAIT_MS);
      seen[name] = {
        'Socket.IO': namesIn(socket.events.slice(marks[index]).map(({ envelope }) => envelope)),
        events: namesIn(await eventsAfter(as, position)),
        callbacks: namesIn(sink.received.filter(({ path }) => path === `/${name}`).map(({ body }) => body)),
      };
    }
    return seen;
  }

  async function aMessageInEach(): Promise<void> {
    for (const conversation of Object.values(conversations)) await aMessage(api, conversation);
  }

  const overAllWays = (expected: Record<string, string[]>): Record<string, Record<string, string[]>> =>
    Object.fromEntries(Object.entries(expected).map(([name, seen]) => [name, { 'Socket.IO': seen.toSorted(), events: seen.toSorted(), callbacks: seen.toSorted() }]));

  /** What each finds over REST, by every read and, for what it must not find, every write. */
  async function expectFound(expected: Record<string, string[]>): Promise<void> {
    for (const [name, seen] of Object.entries(expected)) {
      const { as } = viewers[name]!;
      const ids = async (path: string, field: string): Promise<Set<string>> =>
        new Set((await as.get(`${path}?limit=100`)).body.data.map((item: Resource) => item[field]).filter((id: string) => Object.values(conversations).some((each) => each.id === id)));
      const wanted = new Set(seen.map((each) => conversations[each]!.id));
      expect({ name, list: await ids('/conversations', 'id') }).toEqual({ name, list: wanted });
      expect({ name, messages: await ids('/messages', 'conversation_id') }).toEqual({ name, messages: wanted });
      for (const [each, { id }] of Object.entries(conversations)) {
        const [message] = (await api.get(`/conversations/${id}/messages?limit=1`)).body.data as [Resource];
        const reads = [await as.get(`/conversations/${id}`), await as.get(`/conversations/${id}/messages`), await as.get(`/messages/${message.id}`)];
        expect({ name, each, reads: tally(reads) }).toEqual({ name, each, reads: { [seen.includes(each) ? 200 : 404]: 3 } });
        if (seen.includes(each)) continue;
        const sender = { type: 'agent', id: viewers['alice']!.id };
        const writes = [
          await as.put(`/conversations/${id}`, { subject: 'mine' }), await as.delete(`/conversations/${id}`),
          await as.put(`/messages/${message.id}`, { content: 'mine' }), await as.delete(`/messages/${message.id}`),
          await as.post('/messages', { conversation_id: id, sender, type: 'text', content: 'mine' }),
        ];
        expect({ name, each, codes: writes.map(({ body }) => body.code) }).toEqual({
          name, each, codes: ['conversation.not_found', 'conversation.not_found', 'message.not_found', 'message.not_found', 'conversation.not_found'],
        });
      }
    }
  }

  /** Other instances hear of a change by a message; the answer there tells that it has arrived, the socket follows it. */
  async function untilKnown(name: string, isKnown: (seen: Record<string, string[]>) => boolean): Promise<void> {
    await expect.poll(async () => isKnown((await seenOf())[name]!), { timeout: 10_000, interval: 20 }).toBe(true);
  }

  it('shows each what is its own, waits for it, is in its department or in its scope', async () => {
    const make = async (name: string, over: Record<string, unknown>): Promise<void> => {
      conversations[name] = await aConversation(api, over);
      await aMessage(api, conversations[name]);
    };
    const seen = await seenOf(async () => {
      await make('of alice', { agent_id: viewers['alice']!.id, department: 'support' });
      await make('of bob', { agent_id: viewers['bob']!.id, department: 'sales' });
      await make('of bob in support', { agent_id: viewers['bob']!.id, department: 'support' });
      await make('queued in support', { department: 'support' });
      await make('queued in sales', { department: 'sales' });
      await make('queued nowhere', {});
    });
    const expected = {
      alice: ['of alice', 'queued in support', 'queued nowhere'],
      bob: ['of bob', 'of bob in support', 'queued in sales', 'queued nowhere'],
      supervisor: ['of alice', 'of bob in support', 'queued in support'],
      admin: ALL,
      application: ['of alice', 'of bob in support', 'queued in support'],
    };
    expect(seen).toEqual(overAllWays(expected));
    await expectFound(expected);
  });

  it('shows it to whom it is given from then on', async () => {
    await api.put(`/conversations/${conversations['of alice']!.id}`, { agent_id: viewers['bob']!.id });
    await api.put(`/conversations/${conversations['queued in support']!.id}`, { agent_id: viewers['alice']!.id });
    await api.put(`/conversations/${conversations['of bob']!.id}`, { department: 'support' });
    const expected = {
      alice: ['queued in support', 'queued nowhere'],
      bob: ['of alice', 'of bob', 'of bob in support', 'queued in sales', 'queued nowhere'],
      supervisor: ['of alice', 'of bob', 'of bob in support', 'queued in support'],
      admin: ALL,
      application: ['of alice', 'of bob', 'of bob in support', 'queued in support'],
    };
    expect(await seenOf()).toEqual(overAllWays(expected));
    await expectFound(expected);
  });

  it('follows role, department and scope, also for endpoints that were made before', async () => {
    expect((await api.put(`/agents/${viewers['alice']!.id}`, { role: 'supervisor', department: 'sales' })).status).toBe(200);
    expect((await api.put(`/agents/${viewers['bob']!.id}`, { department: null })).status).toBe(200);
    expect((await api.put(`/agents/${viewers['supervisor']!.id}`, { role: 'admin' })).status).toBe(200);
    expect((await api.put(`/agents/${viewers['admin']!.id}`, { role: 'agent', department: 'sales' })).status).toBe(200);
    expect((await api.put(`/applications/${viewers['application']!.id}`, { data_scope: { agent_ids: [viewers['alice']!.id] } })).status).toBe(200);
    const expected = {
      alice: ['queued in sales', 'queued in support'],
      bob: ['of alice', 'of bob', 'of bob in support', 'queued nowhere'],
      supervisor: ALL,
      admin: ['queued in sales', 'queued nowhere'],
      application: ['queued in support'],
    };
    // The endpoints follow in the transaction of the change, before any instance has heard of it.
    const callbacks = Object.entries(await seenOf()).map(([name, seen]) => [name, seen['callbacks']]);
    expect(Object.fromEntries(callbacks)).toEqual(Object.fromEntries(Object.entries(expected).map(([name, seen]) => [name, seen.toSorted()])));
    for (const [name, seen] of Object.entries(expected)) await untilKnown(name, (now) => JSON.stringify(now['Socket.IO']) === JSON.stringify(seen.toSorted()));
    expect(await seenOf()).toEqual(overAllWays(expected));
    await expectFound(expected);
  });
});
