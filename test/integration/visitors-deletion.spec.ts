import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { Database } from '../../src/platform/database/database.js';
import { Cipher } from '../../src/platform/crypto/cipher.js';
import { startCallbackSink } from '../support/callback-sink.js';
import type { CallbackSink } from '../support/callback-sink.js';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aLogin, aMessage, anEndpoint, created, deliveriesOf, deliveryOf, during, unique } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { expectConsistent } from '../support/invariants.js';
import { connectSocket } from '../support/socket-client.js';
import type { Caller } from '../support/start-test-app.js';

/** Stands in every text that somebody says of the person. */
const MARK = 'Lovelace';
/** As it is in response bodies, which are kept in base64, wherever it begins. */
const IN_BASE64 = [0, 1, 2].map((offset) => Buffer.from(`${' '.repeat(offset)}${MARK}`).toString('base64').slice(offset === 0 ? 0 : 4, -4));

describe('deleting a visitor', () => {
  let cluster: Cluster;
  let api: Caller;
  let sink: CallbackSink;

  beforeAll(async () => {
    cluster = await startCluster();
    api = cluster.a.api;
    sink = await startCallbackSink({ answer: ({ path, rawBody }) => ({ status: path === '/down' ? 500 : 200, headers: { 'x-echo': rawBody.includes(MARK) ? MARK : '' }, body: rawBody }) });
  });

  afterAll(async () => {
    await sink.close();
    await cluster.close();
  });

  const get = async (path: string): Promise<Resource> => (await api.get(path)).body;
  const remove = async (visitor: Resource): Promise<void> => {
    expect((await api.delete(`/visitors/${visitor.id}`)).status).toBe(204);
  };

  /** Every text of every table that holds the mark, also where it is encrypted, or in base64. */
  async function whereItStands(): Promise<string[]> {
    const unitOfWork = cluster.a.app.get(UnitOfWork);
    const { dataSource } = cluster.a.app.get(Database);
    const tables = (unitOfWork.dialect === 'sqlite'
      ? await unitOfWork.query<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
      : await unitOfWork.query<{ name: string }>('SELECT table_name AS name FROM information_schema.tables WHERE table_schema = ?', [dataSource.options.database])).map(({ name }) => name);
    expect(tables.length).toBeGreaterThan(40);
    const found: string[] = [];
    for (const table of tables) {
      for (const row of await unitOfWork.query(`SELECT * FROM ${table}`)) {
        for (const [column, value] of Object.entries(row)) {
          if (saysIt(value) || (table === 'idempotency_keys' && column === 'answer' && saysIt(opened(value)))) found.push(`${table}.${column}`);
        }
      }
    }
    return [...new Set(found)].sort();
  }

  const opened = (answer: unknown): unknown => (typeof answer === 'string' ? cluster.a.app.get(Cipher).decrypt(answer, 'idempotency answer') : null);

  function saysIt(value: unknown): boolean {
    const text = Buffer.isBuffer(value) ? value.toString('utf8') : typeof value === 'string' ? value : '';
    // The words of the search are bigrams of their own making.
    return text.toLowerCase().includes(MARK.toLowerCase()) || IN_BASE64.some((part) => text.includes(part));
  }

  it('erases what is stored about it everywhere, and keeps what is counted', { timeout: 120_000 }, async () => {
    const { agent, as } = await aLogin(cluster.a, { status: 'online', max_conversations: 100 });
    const [reached, down] = [await anEndpoint(api, sink.url), await anEndpoint(api, `${sink.url}/down`, { retry: { schedule_seconds: [0, 3600] } })];
    const key = (name: string) => ({ 'idempotency-key': unique(name) });
    const visitor = await created(api.post('/visitors', {
      external_id: MARK, name: `Ada ${MARK}`, email: `${MARK}@example.com`, mobile: `+44 ${MARK}`, avatar_url: `https://example.com/${MARK}.png`, visitor_type: MARK,
      tags: [MARK], metadata: { [MARK]: MARK }, customer_id: MARK, push_info: MARK, my_data: MARK,
    }, key('visitor')));
    const guest = await created(api.post('/visitors', { external_id: `${MARK}-2`, name: MARK }));
    const conversation = await created(api.post('/conversations', {
      visitor_id: visitor.id, channel: 'web', category: 'order', agent_id: agent.id, subject: `Parcel of ${MARK}`, tags: [MARK], metadata: { who: MARK },
    }, key('conversation')));
    const older = await created(api.post('/conversations', { visitor: { external_id: `${MARK}-2` }, agent_id: agent.id }));
    const messageKey = key('message');
    const body = { conversation_id: conversation.id, sender: { type: 'visitor' }, type: 'text', content: `I am Ada ${MARK}`, metadata: { name: MARK }, client_msg_no: MARK };
    const message = await created(api.post('/messages', body, messageKey));
    const answer = await created(as.post('/messages', { conversation_id: conversation.id, type: 'text', content: `Dear ${MARK}` }));
    await as.put(`/messages/${answer.id}`, { content: `Dear Ms ${MARK}` });
    await aMessage(api, older, { type: 'card', content: { title: MARK } });
    await api.post(`/conversations/${conversation.id}/transfer`, { agent_id: agent.id, department: undefined, reason: `knows ${MARK}` });
    await api.post(`/conversations/${conversation.id}/transfer`, { department: 'support', reason: `knows ${MARK}` });
    await api.put(`/conversations/${conversation.id}`, { agent_id: agent.id, subject: `Parcels of ${MARK}` });
    await api.delete(`/conversations/${conversation.id}`);
    expect((await api.post(`/conversations/${conversation.id}/rating`, { score: 5, comment: `thanks, ${MARK}` })).status).toBe(200);
    const ticket = await created(api.post('/tickets', { title: `Refund for ${MARK}`, content: MARK, conversation_id: conversation.id, tags: [MARK] }));
    await api.put(`/tickets/${ticket.id}`, { tags: [`${MARK} again`] });
    expect((await api.get(`/tickets?tag=${MARK}%20again`)).body.data).toHaveLength(1);
    // Told of before anybody knew whose it is.
    const assigned = await created(api.post('/tickets', { title: `Refund for ${MARK}`, content: MARK }));
    await api.put(`/tickets/${assigned.id}`, { conversation_id: conversation.id });
    const [commentKey, comment] = [key('comment'), { content: `Told ${MARK}`, author: MARK }];
    await created(api.post(`/tickets/${ticket.id}/comments`, comment, commentKey));
    await created(api.post(`/visitors/${visitor.id}/tracks`, { url: `https://shop.example.com/${MARK}`, title: MARK, referrer: MARK, metadata: { who: MARK } }));
    expect((await api.post(`/visitors/${visitor.id}/merge`, { visitor_id: guest.id })).status).toBe(200);
    await cluster.settle();
    // Makes the words findable, which they must not be afterwards.
    expect((await api.get(`/messages?q=${MARK}`)).body.data.length).toBeGreaterThan(0);
    expect((await api.get(`/conversations?q=${MARK}`)).body.data.length).toBeGreaterThan(0);
    expect(await whereItStands()).toEqual(expect.arrayContaining([
      'callback_attempts.response_body', 'callback_attempts.response_headers', 'conversation_assignments.reason', 'conversations.subject', 'conversations.rating_comment', 'events.data',
      'idempotency_keys.answer', 'messages.client_msg_no', 'messages.content', 'messages.metadata', 'tickets.title', 'visitor_tracks.url', 'visitors.metadata', 'visitors.name',
    ]));
    const events = (await api.get('/events?limit=100')).body.data as Resource[];

    await remove(visitor);
    await cluster.settle();

    expect(await whereItStands()).toEqual([]);
    expect((await api.get(`/messages?q=${MARK}`)).body.data).toEqual([]);
    expect((await api.get(`/conversations?q=${MARK}`)).body.data).toEqual([]);
    expect((await api.get(`/visitors?q=${MARK}`)).body.data).toEqual([]);
    // What is counted is there as it was.
    expect(await get(`/conversations/${conversation.id}`)).toMatchObject({
      visitor_id: visitor.id, agent_id: agent.id, channel: 'web', category: 'order', status: 'closed', message_count: 2, rating: 5, created_at: conversation['created_at'], subject: null, tags: [], metadata: {},
    });
    expect(await get(`/messages/${message.id}`)).toMatchObject({ seq: 1, sender: { type: 'visitor' }, type: 'text', content: null, metadata: {}, client_msg_no: null, created_at: message['created_at'] });
    const left = (await api.get('/events?limit=100')).body.data as Resource[];
    expect(left.map(({ id, event, timestamp, position }) => ({ id, event, timestamp, position })).slice(0, events.length))
      .toEqual(events.map(({ id, event, timestamp, position }) => ({ id, event, timestamp, position })));
    const received = left.find(({ data }) => data.message_id === message.id)!;
    expect(received).toMatchObject({ event: 'message.received', data: { conversation_id: conversation.id, visitor_id: visitor.id, seq: 1, type: 'text', content: null, created_at: message['created_at'] } });
    // The stored answer is given again without what it said.
    const replayed = await api.post('/messages', body, messageKey);
    expect(replayed).toMatchObject({ status: 201, body: { id: message.id, seq: 1, content: null } });
    expect(replayed.headers.get('idempotency-replayed')).toBe('true');
    expect((await api.post(`/tickets/${ticket.id}/comments`, comment, commentKey)).body).toMatchObject({ content: null, author: { type: 'application', name: null } });
    expect(await get(`/tickets/${ticket.id}`)).toMatchObject({ visitor_id: visitor.id, status: 'open', title: '', content: null, tags: [] });
    // Attempts tell how they went, and not what was answered.
    const [delivery] = (await deliveriesOf(api, reached)).filter(({ event_id }) => event_id === received.id);
    expect(await deliveryOf(api, reached, delivery!.id)).toMatchObject({ status: 'succeeded', attempts: [{ status: 200, response_body: null, response_headers: null }] });
    // What could not be delivered is delivered without it.
    sink.clear();
    const [failed] = (await deliveriesOf(api, down)).filter(({ event_id }) => event_id === received.id);
    expect((await api.post(`/callbacks/${down.id}/deliveries/${failed!.id}/retry`)).status).toBeLessThan(300);
    await cluster.settle();
    const [sent] = sink.received.filter(({ headers }) => headers['webhook-id'] === received.id);
    expect(sent!.body).toMatchObject({ id: received.id, data: { message_id: message.id, content: null } });
    expect(await whereItStands()).toEqual([]);
    await expectConsistent(cluster.a);
  });

  it('lets it be gone at once, with its sockets, and its external id be free', async () => {
    const visitor = await created(api.post('/visitors', { external_id: unique('gone'), name: 'Grace' }));
    const guest = await created(api.post('/visitors', { external_id: unique('gone') }));
    await api.post(`/visitors/${visitor.id}/merge`, { visitor_id: guest.id });
    const { token } = (await api.post(`/visitors/${visitor.id}/token`)).body;
    const socket = await connectSocket(cluster.b.url, token);
    const ended = new Promise((resolve) => socket.socket.once('disconnect', resolve));
    const { events } = await during(api, () => remove(guest));
    expect(events).toMatchObject([{ event: 'visitor.deleted', data: { visitor_id: visitor.id } }]);
    await ended;
    for (const { id } of [visitor, guest]) {
      for (const answer of [await api.get(`/visitors/${id}`), await api.put(`/visitors/${id}`, { name: 'x' }), await api.delete(`/visitors/${id}`), await api.post(`/visitors/${id}/token`),
        await api.post(`/visitors/${id}/tracks`, { url: 'https://a.example/' }), await api.post(`/visitors/${id}/merge`, { visitor_id: visitor.id })]) {
        expect(answer.body).toMatchObject({ status: 404, code: 'visitor.not_found' });
      }
      expect((await api.post('/conversations', { visitor_id: id })).body).toMatchObject({ status: 422, errors: [{ field: 'visitor_id', code: 'visitor.not_found' }] });
    }
    await expect(connectSocket(cluster.a.url, token)).rejects.toMatchObject({ code: 'auth.credential_invalid' });
    expect((await api.get(`/visitors?external_id=${visitor['external_id']}`)).body.data).toEqual([]);
    const again = await created(api.post('/visitors', { external_id: visitor['external_id'] }));
    expect(again.id).not.toBe(visitor.id);
    expect((await api.get('/visitors/online')).body.data).toEqual([]);
  });

  it('ends its conversations for good, and frees who served them', async () => {
    const { agent } = await aLogin(cluster.a, { status: 'online', max_conversations: 1, department: unique('department') });
    const visitor = await created(api.post('/visitors', {}));
    const { department } = agent as unknown as { department: string };
    const open = await created(api.post('/conversations', { visitor_id: visitor.id, department, subject: 'mine' }));
    const waiting = await created(api.post('/conversations', { visitor: { name: 'next' }, department }));
    expect([open['agent_id'], waiting['status']]).toEqual([agent.id, 'queued']);
    const { events } = await during(api, () => remove(visitor));
    const closed = events.find(({ event }) => event === 'conversation.closed')!;
    expect(closed.data).toMatchObject({ conversation_id: open.id, subject: null, closed_by: expect.stringMatching(/^key_/) });
    expect(await get(`/conversations/${waiting.id}`)).toMatchObject({ status: 'open', agent_id: agent.id });
    const path = `/conversations/${open.id}`;
    expect((await api.post('/messages', { conversation_id: open.id, sender: { type: 'bot', id: 'b' }, type: 'text', content: 'x' })).body.code).toBe('conversation.closed');
    for (const answer of [await api.put(path, { subject: 'x' }), await api.put(path, { status: 'open' }), await api.post(`${path}/reopen`), await api.post(`${path}/rating`, { score: 1 }), await api.delete(path)]) {
      expect(answer.body).toMatchObject({ status: 409, code: 'conversation.erased' });
    }
    await cluster.settle();
    await expectConsistent(cluster.a);
  });

  it('is for who may see all data, and told in the audit log from its begin to its end', async () => {
    const visitor = await created(api.post('/visitors', {}));
    await aMessage(api, await created(api.post('/conversations', { visitor_id: visitor.id })));
    for (const role of ['agent', 'supervisor']) {
      const { as } = await aLogin(cluster.a, { role });
      expect((await as.delete(`/visitors/${visitor.id}`)).body).toMatchObject({ status: 403, code: 'visitor.deletion_forbidden' });
    }
    const { as: admin, agent } = await aLogin(cluster.a, { role: 'admin' });
    expect((await admin.delete(`/visitors/${visitor.id}`, { 'if-match': '"another"' })).status).toBe(412);
    const { etag } = Object.fromEntries((await admin.get(`/visitors/${visitor.id}`)).headers) as { etag: string };
    expect((await admin.delete(`/visitors/${visitor.id}`, { 'if-match': etag })).status).toBe(204);
    await cluster.settle();
    expect((await api.get(`/audit-logs?target_id=${visitor.id}&sort=created_at`)).body.data).toMatchObject([
      { action: 'visitor.deleted', actor_kind: 'agent', actor_id: agent.id, address: '127.0.0.1' },
      { action: 'visitor.erased', actor_kind: 'system', details: { erased: { messages: 1, conversations: expect.any(Number), events: expect.any(Number), stored_answers: 0 } } },
    ]);
  });

  it('of one that is merged at the same time leaves nothing of both, or both merged', async () => {
    for (let round = 0; round < 4; round++) {
      const [a, b] = [await created(api.post('/visitors', { name: 'a' })), await created(api.post('/visitors', { name: 'b' }))];
      const [merged, deleted] = await Promise.all([cluster.a.api.post(`/visitors/${a.id}/merge`, { visitor_id: b.id }), cluster.b.api.delete(`/visitors/${b.id}`)]);
      expect(deleted.status).toBe(204);
      const [oneLeft, otherLeft] = [(await api.get(`/visitors/${a.id}`)).status, (await api.get(`/visitors/${b.id}`)).status];
      // Where the merge came first, the id of the other one is that of both.
      expect([merged.status, oneLeft, otherLeft]).toEqual(merged.status === 200 ? [200, 404, 404] : [422, 200, 404]);
    }
    await cluster.settle();
  });
});
