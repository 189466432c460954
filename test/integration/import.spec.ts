import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startCallbackSink } from '../support/callback-sink.js';
import type { CallbackSink } from '../support/callback-sink.js';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, anAgent, anEndpoint, anOrganization, created, deliveriesOf, eventsAfter } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { rows } from '../support/invariants.js';
import type { Answer, Caller } from '../support/start-test-app.js';
import { TestClock } from '../support/test-clock.js';

type Body = Record<string, any>;

describe('POST /import', () => {
  const clock = new TestClock();
  let cluster: Cluster;
  let sink: CallbackSink;
  let api: Caller;
  let organization: Resource;
  let agent: Resource;

  beforeAll(async () => {
    cluster = await startCluster({ clock });
    sink = await startCallbackSink();
  });

  beforeEach(async () => {
    ({ api, organization } = await anOrganization(cluster.a));
    agent = await anAgent(api, { username: 'li', status: 'online' });
    sink.clear();
  });

  afterAll(async () => {
    await sink.close();
    await cluster.close();
  });

  const aHistory = (over: Body = {}): Body => ({
    external_id: 'old/1',
    visitor: { external_id: 'customer-1', name: '张三' },
    agent: 'li',
    channel: 'web',
    category: 'order',
    department: 'support',
    created_at: '2025-11-03 09:30:00',
    assigned_at: '2025-11-03 09:31:00',
    closed_at: '2025-11-03T10:05:00Z',
    rating: { score: 4, comment: 'Good' },
    messages: [
      { sender: { type: 'agent', id: 'li' }, type: 'text', content: 'second', created_at: '2025-11-03 09:32:00' },
      { sender: { type: 'visitor' }, type: 'text', content: 'first', created_at: '2025-11-03 09:30:00', client_msg_no: 'n1' },
      { sender: { type: 'bot', id: 'bye' }, type: 'card', content: { title: 'third' }, created_at: '2025-11-03 10:05:00' },
    ],
    ...over,
  });
  const at = (minutesAgo: number): string => new Date(clock.now() - minutesAgo * 60_000).toISOString();
  const youngHistory = (): Body =>
    aHistory({ created_at: at(60), assigned_at: at(59), closed_at: at(10), messages: [{ sender: { type: 'visitor' }, type: 'text', content: 'hello', created_at: at(58) }] });
  const send = (conversations: unknown[], over: Body = {}, caller = api): Promise<Answer> => caller.post('/import', { conversations, ...over });
  const imported = async (conversations: unknown[], over: Body = {}): Promise<Body> => {
    const { status, body, text } = await send(conversations, over);
    expect(status, text).toBe(200);
    return body;
  };
  const errorsOf = async (history: unknown, over: Body = {}): Promise<string[]> => {
    const { results } = await imported([history], over);
    expect(results[0]).toMatchObject({ status: 'invalid', conversation_id: null });
    return results[0].errors.map(({ field, code }: Body) => `${field} ${code}`);
  };
  const conversationsStored = async (): Promise<number> => {
    const [row] = await rows<{ count: number }>(cluster.a, 'SELECT COUNT(*) AS count FROM conversations WHERE organization_id = ?', [organization.id]);
    return Number(row!.count);
  };

  it('brings in a conversation with its own instants', async () => {
    const answer = await imported([aHistory()]);
    expect(answer).toEqual({
      results: [{ index: 0, external_id: 'old/1', status: 'created', conversation_id: expect.stringMatching(/^cnv_/) }], created: 1, known: 0, invalid: 0,
    });
    const id = answer['results'][0].conversation_id;
    expect((await api.get(`/conversations/${id}`)).body).toMatchObject({
      agent_id: agent.id, channel: 'web', category: 'order', department: 'support', status: 'closed', message_count: 3, unread_count: 0,
      created_at: '2025-11-03T09:30:00.000Z', assigned_at: '2025-11-03T09:31:00.000Z', first_response_at: '2025-11-03T09:32:00.000Z', closed_at: '2025-11-03T10:05:00.000Z',
    });
    const messages = (await api.get(`/conversations/${id}/messages?sort=seq`)).body.data;
    expect(messages.map(({ seq, content, created_at }: Body) => [seq, content, created_at])).toEqual([
      [1, 'first', '2025-11-03T09:30:00.000Z'], [2, 'second', '2025-11-03T09:32:00.000Z'], [3, { title: 'third' }, '2025-11-03T10:05:00.000Z'],
    ]);
    expect(messages[1].sender).toEqual({ type: 'agent', id: agent.id });
    expect((await api.get(`/agents/${agent.id}`)).body).toMatchObject({ status: 'online' });
  });

  it('logs what happened at its time, in order', async () => {
    await imported([aHistory({ transfers: [{ at: '2025-11-03 09:40:00', agent: 'li', department: 'billing', reason: 'An invoice' }] })]);
    const log = (await eventsAfter(api, 0)).filter(({ event }) => /^(conversation|message)\./.test(event));
    expect(log.map(({ event, timestamp }) => [event, new Date(timestamp * 1000).toISOString().slice(11, 16)])).toEqual([
      ['conversation.created', '09:30'], ['message.received', '09:30'], ['conversation.assigned', '09:31'], ['message.sent', '09:32'],
      ['conversation.transferred', '09:40'], ['message.sent', '10:05'], ['conversation.closed', '10:05'], ['conversation.rated', '10:05'],
    ]);
    expect(log[0]!.data).toMatchObject({ agent_id: null, department: 'support' });
    expect(log[6]!.data).toMatchObject({ agent_id: agent.id, department: 'billing' });
  });

  it('counts for each agent what was its own, also where the visitor rates before the end', async () => {
    const other = await anAgent(api, { username: 'wang', status: 'online' });
    const { results } = await imported([aHistory({
      transfers: [{ at: '2025-11-03 09:40:00', agent: 'wang' }, { at: '2025-11-03 09:50:00', agent: 'wang', department: 'billing' }], rating: { score: 5, at: '2025-11-03 09:35:00' },
    })]);
    expect((await api.get(`/conversations/${results[0].conversation_id}`)).body).toMatchObject({ agent_id: other.id, assigned_at: '2025-11-03T09:40:00.000Z', rating: 5 });
    const query = 'start_date=2025-11-03&end_date=2025-11-03';
    const handled = (await api.get(`/statistics/report?type=agent&dimensions=agent&${query}`)).body.rows.map(({ dimension, metrics }: Body) => [dimension.agent_id, metrics.handling_seconds]);
    expect(handled.toSorted()).toEqual([[agent.id, 540], [other.id, 1500]].toSorted());
    expect((await api.get(`/statistics/report?type=conversation&${query}`)).body.totals).toMatchObject({ avg_handling: 1500, avg_wait: 60, avg_rating: 5, transfers: 2 });
  });

  it('brings in the same once, however often and by whom it is sent', async () => {
    const histories = Array.from({ length: 60 }, (_, index) => aHistory({ external_id: `old/${index}` }));
    const answers = await Promise.all([0, 1, 2].map((index) => send(histories, {}, cluster.each(index).as(api.headers))));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(answers.reduce((sum, { body }) => sum + body.created, 0)).toBe(60);
    expect(answers.reduce((sum, { body }) => sum + body.known, 0)).toBe(120);
    expect(await conversationsStored()).toBe(60);
    const ids = answers.map(({ body }) => body.results.map(({ conversation_id }: Body) => conversation_id));
    expect(ids[1]).toEqual(ids[0]);
    expect(ids[2]).toEqual(ids[0]);
  });

  it('takes one of two that have the same id', async () => {
    const { results } = await imported([aHistory(), aHistory({ subject: 'again' })]);
    expect(results.map(({ status }: Body) => status)).toEqual(['created', 'known']);
    expect(results[1].conversation_id).toBe(results[0].conversation_id);
  });

  it('stores the others when some are refused, and names those', async () => {
    const answer = await imported([
      aHistory(), aHistory({ external_id: 'old/2', agent: 'nobody' }), 'no object', aHistory({ external_id: 'old/4', surprise: 1 }), aHistory({ external_id: 'old/5' }),
    ]);
    expect(answer['results'].map(({ status, external_id }: Body) => [status, external_id])).toEqual([
      ['created', 'old/1'], ['invalid', 'old/2'], ['invalid', null], ['invalid', 'old/4'], ['created', 'old/5'],
    ]);
    expect(answer['results'][1].errors).toEqual([{ field: 'agent', code: 'agent.not_found', message: 'There is no agent "nobody".' }]);
    expect(await conversationsStored()).toBe(2);
  });

  it.each([
    [{ created_at: '2025-11-31' }, ['created_at import.instant_invalid']],
    [{ created_at: '2999-01-01' , closed_at: undefined, assigned_at: undefined, messages: [] }, ['created_at import.in_the_future']],
    [{ closed_at: '2025-11-03 09:31:00' }, ['closed_at import.instants_out_of_order']],
    [{ assigned_at: '2025-11-03 09:29:59' }, ['assigned_at import.instants_out_of_order']],
    [{ status: 'open' }, ['closed_at import.not_closed']],
    [{ status: 'open', closed_at: undefined, agent: undefined }, ['agent import.agent_required']],
    [{ status: 'queued', closed_at: undefined }, ['agent import.agent_unfit']],
    [{ visitor_id: 'vis_x' }, ['visitor_id visitor.required']],
    [{ visitor: undefined, visitor_id: 'vis_01k5x6j3q8v4m2n7p9r1s5t6w0' }, ['visitor_id visitor.not_found']],
    [{ visitor: { external_id: 'x', email: 'no address' } }, ['visitor.email is_email']],
    [{ rating: { score: 6 } }, ['rating.score max']],
    [{ rating: { score: 5, at: '2025-11-03 09:29:59' } }, ['rating.at import.instants_out_of_order']],
    [{ messages: [{ sender: { type: 'bot', id: 'b'.repeat(65) }, type: 'text', content: 'a', created_at: '2025-11-03 09:32:00' }] }, ['messages[0].sender.id max_length']],
    [{ messages: [{ sender: { type: 'agent' }, type: 'text', content: 'a', created_at: '2025-11-03 09:32:00' }] }, ['messages[0].sender.id required']],
    [{ messages: [1, 2].map(() => ({ sender: { type: 'visitor' }, type: 'text', content: 'a', client_msg_no: 'n', created_at: '2025-11-03 09:32:00' })) }, ['messages import.client_msg_no_repeated']],
    [{ messages: [{ sender: { type: 'visitor' }, type: 'text', content: 'a', created_at: '2025-11-03 09:00:00' }] }, ['messages import.instants_out_of_order']],
  ])('refuses %j and stores nothing of it', async (over, errors) => {
    expect(await errorsOf(aHistory(over))).toEqual(errors);
    expect(await conversationsStored()).toBe(0);
    expect((await api.get('/visitors')).body.data).toEqual([]);
  });

  it('keeps a sender whose id is too long to be stored from keeping out the others', async () => {
    const tooLong = { sender: { type: 'system', id: 's'.repeat(191) }, type: 'text', content: 'a', created_at: '2025-11-03 09:32:00' };
    const longest = { ...tooLong, sender: { type: 'bot', id: '🙂'.repeat(64) } };
    const { results } = await imported([aHistory(), aHistory({ external_id: 'old/2', messages: [tooLong] }), aHistory({ external_id: 'old/3', messages: [longest] })]);
    expect(results.map(({ status }: Body) => status)).toEqual(['created', 'invalid', 'created']);
  });

  it('knows an agent by a name that is longer than an id', async () => {
    const username = 'a'.repeat(100);
    const { id } = await anAgent(api, { username });
    const [first] = (await imported([aHistory({ messages: [{ sender: { type: 'agent', id: username }, type: 'text', content: 'a', created_at: '2025-11-03 09:32:00' }] })]))['results'];
    expect((await api.get(`/conversations/${first.conversation_id}/messages`)).body.data[0].sender).toEqual({ type: 'agent', id });
  });

  it.each([
    ['the last message', { assigned_at: undefined }, '10:05'],
    ['the assignment', { messages: [] }, '09:31'],
    ['a transfer after the last message', { transfers: [{ at: '2025-11-03 10:20:00', agent: 'li', department: 'billing' }] }, '10:20'],
    ['a rating after the last message', { rating: { score: 4, at: '2025-11-03 10:30:00' } }, '10:30'],
    ['the beginning, where nothing happened', { agent: undefined, assigned_at: undefined, messages: [] }, '09:30'],
  ])('takes for the end that is left out the time of what happened last: %s', async (_, over, end) => {
    const [first] = (await imported([aHistory({ closed_at: undefined, ...over })]))['results'];
    expect(first.status, JSON.stringify(first.errors)).toBe('created');
    expect((await api.get(`/conversations/${first.conversation_id}`)).body.closed_at).toBe(`2025-11-03T${end}:00.000Z`);
  });

  it('takes for the time of a rating of one that is not closed that of what happened last', async () => {
    await imported([aHistory({ status: 'open', closed_at: undefined, transfers: [{ at: '2025-11-03 10:20:00', agent: 'li', department: 'billing' }] })]);
    const rated = (await eventsAfter(api, 0)).find(({ event }) => event === 'conversation.rated');
    expect(rated).toMatchObject({ timestamp: Date.parse('2025-11-03T10:20:00Z') / 1000, data: { department: 'billing' } });
  });

  it('brings in what took place before 1970', async () => {
    const [first] = (await imported([{ external_id: 'old/1', visitor: { external_id: 'x' }, created_at: '1969-12-01T00:00:00Z' }]))['results'];
    expect(first.status, JSON.stringify(first.errors)).toBe('created');
    const instant = '1969-12-01T00:00:00.000Z';
    expect((await api.get(`/conversations/${first.conversation_id}`)).body).toMatchObject({ created_at: instant, closed_at: instant });
    const { body } = await api.get('/statistics/report?type=conversation&start_date=1969-12-01&end_date=1969-12-01&timezone=UTC');
    expect(body.totals).toMatchObject({ total: 1 });
  });

  it('has as much unread as nobody has answered, and reading never raises that', async () => {
    const of = (type: string, minute: number): Body => ({ sender: { type, ...(type === 'agent' && { id: 'li' }) }, type: 'text', content: 'a', created_at: `2025-11-03 09:4${minute}:00` });
    const messages = ['visitor', 'agent', 'visitor', 'bot', 'visitor', 'system'].map(of);
    const talks: [Body, number, string[]][] = [
      [{ external_id: 'closed' }, 0, ['read', 'read', 'read', 'read', 'read', 'sent']],
      [{ external_id: 'open', status: 'open', closed_at: undefined }, 2, ['read', 'read', 'sent', 'read', 'sent', 'sent']],
      [{ external_id: 'queued', status: 'queued', closed_at: undefined, agent: undefined }, 2, ['read', 'read', 'sent', 'read', 'sent', 'sent']],
    ];
    for (const [over, unread, statuses] of talks) {
      const [{ conversation_id: id }] = (await imported([aHistory({ messages, ...over })]))['results'];
      const unreadNow = async (): Promise<number> => (await api.get(`/conversations/${id}`)).body.unread_count;
      expect(await unreadNow()).toBe(unread);
      expect((await api.get(`/conversations/${id}/messages?sort=seq`)).body.data.map(({ status }: Body) => status)).toEqual(statuses);
      for (const [upTo, left] of [[1, unread], [3, Math.min(unread, 1)], [6, 0]]) {
        expect((await api.post(`/conversations/${id}/read`, { up_to_seq: upTo })).body).toMatchObject({ unread_count: left });
        expect(await unreadNow()).toBe(left);
      }
    }
  });

  it('tells callbacks nothing, not when it is recovered either', async () => {
    const endpoint = await anEndpoint(api, sink.url, { events: ['*'] });
    await imported([youngHistory()]);
    await cluster.settle();
    expect(await deliveriesOf(api, endpoint)).toEqual([]);
    const begun = await api.post(`/callbacks/${endpoint.id}/recover`, { since: at(120) });
    expect(begun.status).toBe(202);
    await cluster.settle();
    expect((await api.get(`/callbacks/${endpoint.id}/recoveries/${begun.body.id}`)).body.status).toBe('succeeded');
    expect(sink.received.filter(({ body }) => /^(conversation|message|visitor)\./.test(body.event))).toEqual([]);
  });

  it('tells callbacks of all of it when asked, and only of what is kept', async () => {
    await anEndpoint(api, sink.url, { events: ['conversation.*', 'message.*'] });
    expect((await imported([youngHistory()], { announce: true }))['created']).toBe(1);
    await cluster.settle();
    expect(sink.received.map(({ body }) => body.event).toSorted()).toEqual([
      'conversation.assigned', 'conversation.closed', 'conversation.created', 'conversation.rated', 'message.received',
    ]);
    const old = aHistory({ external_id: 'old/2', created_at: at(60 * 24 * 91), assigned_at: at(59), closed_at: at(10), messages: [] });
    expect(await errorsOf(old, { announce: true })).toEqual(['created_at import.too_old_to_announce']);
  });

  it('counts open ones for their agent', async () => {
    const [first] = (await imported([aHistory({ status: 'open', closed_at: undefined, rating: null })]))['results'];
    expect((await api.get(`/conversations/${first.conversation_id}`)).body).toMatchObject({ status: 'open', agent_id: agent.id, closed_at: null });
    const [row] = await rows<{ load: number }>(cluster.a, 'SELECT active_conversations AS `load` FROM agents WHERE id = ?', [agent.id]);
    expect(Number(row!.load)).toBe(1);
    expect((await api.delete(`/conversations/${first.conversation_id}`)).status).toBe(200);
    const [after] = await rows<{ load: number }>(cluster.a, 'SELECT active_conversations AS `load` FROM agents WHERE id = ?', [agent.id]);
    expect(Number(after!.load)).toBe(0);
  });

  it('gives nothing that is not closed to an agent who is disabled; what is closed stays with the agent who had it', async () => {
    const gone = await anAgent(api, { username: 'wang' });
    expect((await api.delete(`/agents/${gone.id}`)).status).toBe(204);
    const { results } = await imported([
      aHistory({ external_id: 'old/1', agent: 'wang', status: 'open', closed_at: undefined }),
      aHistory({ external_id: 'old/2', status: 'pending', closed_at: undefined, transfers: [{ at: '2025-11-03 09:40:00', agent: 'wang' }] }),
      aHistory({ external_id: 'old/3', agent: 'wang', status: 'open', closed_at: undefined, transfers: [{ at: '2025-11-03 09:40:00', agent: 'li' }] }),
      aHistory({ external_id: 'old/4', agent: 'wang' }),
    ]);
    expect(results.map(({ status }: Body) => status)).toEqual(['invalid', 'invalid', 'created', 'created']);
    const error = { field: 'agent', code: 'agent.not_found', message: `There is no enabled agent "${gone.id}".` };
    expect([results[0].errors, results[1].errors]).toEqual([[error], [error]]);
    expect((await api.get(`/conversations/${results[3].conversation_id}`)).body).toMatchObject({ status: 'closed', agent_id: gone.id });
    expect(await conversationsStored()).toBe(2);
  });

  it('leaves nothing open with an agent who is disabled meanwhile', async () => {
    for (let round = 0; round < 5; round++) {
      const { id } = await anAgent(api, { username: `agent-${round}`, status: 'away' });
      const histories = Array.from({ length: 3 }, (_, index) => aHistory({ external_id: `old/${round}/${index}`, agent: id, status: 'open', closed_at: undefined, messages: [] }));
      await Promise.all([...histories.map((history, index) => send([history], {}, cluster.each(index).as(api.headers))), api.delete(`/agents/${id}`)]);
      expect((await api.get(`/conversations?agent_id=${id}&status=open`)).body.data).toEqual([]);
    }
  });

  it('keeps to what an application may see', async () => {
    const application = await created(api.post('/applications', { name: 'Migration', scopes: ['import:write'], data_scope: { departments: ['billing'], channels: [], agent_ids: [] } }));
    const { key } = await created(api.post(`/applications/${application.id}/api-keys`, { name: 'one' }));
    const { body } = await send([aHistory(), aHistory({ external_id: 'old/2', department: 'billing' })], {}, cluster.a.as({ 'x-api-key': key as string }));
    expect(body.results.map(({ status }: Body) => status)).toEqual(['invalid', 'created']);
    expect(body.results[0].errors[0].code).toBe('import.outside_data_scope');
  });

  it('comes in lists of messages where its time is, whenever it was brought in', async () => {
    const { id } = await aConversation(api);
    await created(api.post('/messages', { conversation_id: id, sender: { type: 'visitor' }, type: 'text', content: 'of today' }));
    await imported([aHistory()]);
    const contents = async (query: string): Promise<unknown[]> => (await api.get(`/messages?${query}`)).body.data.map(({ content }: Body) => content);
    expect(await contents('sort=-created_at')).toEqual(['of today', { title: 'third' }, 'second', 'first']);
    expect(await contents('sort=created_at&type=text')).toEqual(['first', 'second', 'of today']);
    expect(await contents('until=2025-11-04T00:00:00Z&sender_type=visitor')).toEqual(['first']);
    expect(await contents(`since=2025-11-03T09:32:00Z&sender_id=${agent.id}`)).toEqual(['second']);
  });

  it('goes on beside conversations of the day', async () => {
    const live = Promise.all(Array.from({ length: 20 }, (_, index) => aConversation(api, { visitor: { external_id: `customer-${index}` } })));
    const answer = await imported(Array.from({ length: 40 }, (_, index) => aHistory({ external_id: `old/${index}`, visitor: { external_id: `customer-${index}` } })));
    expect(answer['created']).toBe(40);
    await live;
    expect(await conversationsStored()).toBe(60);
    expect((await api.get('/visitors?include_total=true')).body.total).toBe(40);
  });
});
