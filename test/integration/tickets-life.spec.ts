import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aLogin, aMessage, aTicket, anAgent, anApplication, anOrganization, created, during } from '../support/desk.js';
import type { LoggedEvent, Resource } from '../support/desk.js';
import { rows } from '../support/invariants.js';
import type { Caller } from '../support/start-test-app.js';
import { TestClock } from '../support/test-clock.js';

const HOUR_MS = 3_600_000;

describe('a ticket', () => {
  const clock = new TestClock();
  let cluster: Cluster;
  let api: Caller;

  beforeAll(async () => {
    cluster = await startCluster({ clock });
  });

  beforeEach(async () => {
    ({ api } = await anOrganization(cluster.a));
  });

  afterAll(() => cluster.close());

  const instant = (inMs: number): string => new Date(clock.now() + inMs).toISOString();
  const historyOf = async ({ id }: Resource): Promise<Resource[]> => (await api.get(`/tickets/${id}/history?limit=100&sort=created_at`)).body.data;
  const names = (events: readonly LoggedEvent[]): string[] => events.map(({ event }) => event);
  const titles = async (query: string): Promise<string[]> => ((await api.get(`/tickets?limit=100&sort=created_at&${query}`)).body.data as Resource[]).map(({ title }) => title as string);

  it('is found by its id and by its ticket_id, everywhere', async () => {
    const ticket = await aTicket(api, { ticket_id: 'ZD/2041 ü' });
    const named = encodeURIComponent('ZD/2041 ü');
    for (const id of [ticket.id, named]) {
      expect((await api.get(`/tickets/${id}`)).body).toMatchObject({ id: ticket.id });
      expect((await api.put(`/tickets/${id}`, { category: id })).body).toMatchObject({ id: ticket.id });
      expect((await api.post(`/tickets/${id}/status`, { status: 'processing' })).body).toMatchObject({ id: ticket.id });
      const comment = await created(api.post(`/tickets/${id}/comments`, { content: 'x' }));
      expect((await api.get(`/tickets/${id}/comments/${comment.id}`)).body).toEqual(comment);
      expect((await api.get(`/tickets/${id}/history`)).status).toBe(200);
    }
    expect((await api.delete(`/tickets/${named}`)).status).toBe(204);
    expect((await api.get(`/tickets/${ticket.id}`)).status).toBe(404);
  });

  it('without a ticket_id has its own id for one, and no ticket takes that of another', async () => {
    const ticket = await aTicket(api);
    expect(ticket['ticket_id']).toBe(ticket.id);
    const other = await aTicket(api, { ticket_id: 'T-1' });
    for (const answer of [await api.post('/tickets', { title: 'x', ticket_id: ticket.id }), await api.put(`/tickets/${other.id}`, { ticket_id: ticket.id })]) {
      expect(answer).toMatchObject({ status: 422, body: { errors: [{ field: 'ticket_id', code: 'ticket.ticket_id_reserved' }] } });
    }
    expect(await api.put(`/tickets/${ticket.id}`, { ticket_id: 'T-1' })).toMatchObject({ status: 409, body: { code: 'ticket.ticket_id_taken' } });
    expect((await api.put(`/tickets/${ticket.id}`, { ticket_id: 'T-2' })).body).toMatchObject({ ticket_id: 'T-2' });
    expect((await api.put('/tickets/T-2', { ticket_id: ticket.id })).body).toMatchObject({ ticket_id: ticket.id });
  });

  it('links handlers that are agents, and keeps the names of others', async () => {
    const agent = await anAgent(api);
    const gone = await anAgent(api);
    await api.delete(`/agents/${gone.id}`);
    const ticket = await aTicket(api, { handler: agent.id });
    expect(ticket).toMatchObject({ handler: agent.id, agent_id: agent.id });
    expect((await api.put(`/tickets/${ticket.id}`, { handler: 'agent_id' })).body).toMatchObject({ handler: 'agent_id', agent_id: null });
    expect((await api.put(`/tickets/${ticket.id}`, { handler: null })).body).toMatchObject({ handler: null, agent_id: null });
    for (const handler of [gone.id, 'agt_00000000000000000000000000']) {
      expect((await api.put(`/tickets/${ticket.id}`, { handler })).body.errors).toEqual([expect.objectContaining({ field: 'handler', code: 'agent.not_found' })]);
    }
  });

  it('is free again when its handler is no more, unless it has ended', async () => {
    const agent = await anAgent(api, { department: 'support' });
    const tickets = [];
    for (const status of ['open', 'processing', 'pending', 'resolved', 'closed']) tickets.push(await aTicket(api, { status, handler: agent.id }));
    const { events } = await during(api, () => api.delete(`/agents/${agent.id}`));
    const updated = events.filter(({ event }) => event === 'ticket.updated');
    expect(updated.map(({ data }) => [data['id'], data['changed'], data['previous_handler'], data['origin']])).toEqual(tickets.slice(0, 3).map(({ id }) => [id, ['handler'], agent.id, null]));
    for (const [index, ticket] of tickets.entries()) {
      const now = (await api.get(`/tickets/${ticket.id}`)).body;
      expect([now.handler, now.agent_id, now.department]).toEqual(index < 3 ? [null, null, 'support'] : [agent.id, agent.id, 'support']);
      expect((await historyOf(ticket)).map(({ field, from, to, by }) => [field, from, to, by])).toEqual(index < 3 ? [['handler', agent.id, null, 'system']] : []);
    }
  });

  it('is free when it is reopened and its handler is no more', async () => {
    const [agent, present] = [await anAgent(api, { department: 'support' }), await anAgent(api)];
    const [one, two, three, kept] = [await aTicket(api, { status: 'closed', handler: agent.id }), await aTicket(api, { status: 'resolved', handler: agent.id }),
      await aTicket(api, { status: 'resolved', handler: agent.id }), await aTicket(api, { status: 'resolved', handler: present.id })];
    await api.delete(`/agents/${agent.id}`);
    const { answer, events } = await during(api, () => api.put(`/tickets/${one.id}`, { status: 'processing' }));
    expect(answer.body).toMatchObject({ status: 'processing', handler: null, agent_id: null, department: 'support' });
    expect(events).toMatchObject([{ event: 'ticket.status_changed', data: { handler: null, previous_handler: agent.id } }]);
    expect((await api.post(`/tickets/${two.id}/status`, { status: 'processing' })).body).toMatchObject({ applied: true, status: 'processing', handler: null });
    // Another one who takes it stays, and who is still there.
    expect((await api.post(`/tickets/${three.id}/status`, { status: 'processing', handler: 'Wang' })).body).toMatchObject({ handler: 'Wang' });
    expect((await api.put(`/tickets/${kept.id}`, { status: 'processing' })).body).toMatchObject({ handler: present.id });
    expect((await api.put(`/tickets/${two.id}`, { status: 'closed' })).body).toMatchObject({ status: 'closed', handler: null });
  });

  it('is found by whether somebody handles it', async () => {
    const { api: there } = await anOrganization(cluster.a);
    const [free, outside] = [await aTicket(there), await aTicket(there, { handler: 'Wang' })];
    const found = async (query: string): Promise<string[]> => (await there.get(`/tickets?${query}`)).body.data.map(({ id }: Resource) => id);
    expect([await found('unassigned=true'), await found('unassigned=false'), await found('unassigned=true&status=closed')]).toEqual([[free.id], [outside.id], []]);
    expect((await there.get('/tickets?unassigned=perhaps')).status).toBe(422);
  });

  it('has a history of each field, in the transaction of its change', async () => {
    const ticket = await aTicket(api, { title: 'one', tags: ['a'] });
    const change = { title: 'two', content: 'text', priority: 'urgent', category: 'c', status: 'pending', handler: 'h', department: 'd', customer_id: 'C-1', due_at: '2030-01-01T00:00:00.000Z', tags: ['b', 'c'] };
    const { answer, events } = await during(api, () => api.put(`/tickets/${ticket.id}`, change));
    expect(answer.body).toMatchObject(change);
    expect(names(events)).toEqual(['ticket.status_changed', 'ticket.updated']);
    expect(events[1]!.data['changed']).toEqual(['title', 'content', 'priority', 'category', 'department', 'customer_id', 'due_at', 'tags']);
    const history = await historyOf(ticket);
    expect(Object.fromEntries(history.map(({ field, from, to }) => [field, [from, to]]))).toEqual(
      Object.fromEntries(Object.entries(change).map(([field, value]) => [field, [ticket[field], value]])));
    for (const { at } of history) expect(at).toBe(answer.body.updated_at);
    const refused = await during(api, () => api.put(`/tickets/${ticket.id}`, { title: 'three', status: 'open', handler: 'agt_00000000000000000000000000' }));
    expect([refused.answer.status, refused.events]).toEqual([422, []]);
    expect(await historyOf(ticket)).toEqual(history);
  });

  it('takes comments of agents, of applications and of whom these name', async () => {
    const { agent, as } = await aLogin(cluster.a, { role: 'admin' });
    const ticket = await aTicket(as);
    const { answer, events } = await during(as, async () => [
      await created(as.post(`/tickets/${ticket.id}/comments`, { content: 'mine' })),
      await created(cluster.a.api.post(`/tickets/${ticket.id}/comments`, { content: 'its', author: 'Wang Fang' })),
    ]);
    expect(answer.map(({ content, author }) => [content, author['type'], author['name']])).toEqual([['mine', 'agent', null], ['its', 'application', 'Wang Fang']]);
    expect(answer[0]!['author'].id).toBe(agent.id);
    expect(events.map(({ event, data }) => [event, data['id'], data['comment']])).toEqual(answer.map((comment) => ['ticket.commented', ticket.id, comment]));
    expect(await as.post(`/tickets/${ticket.id}/comments`, { content: 'as her', author: 'Wang Fang' })).toMatchObject({ status: 403, body: { code: 'ticket.author_forbidden' } });
    expect((await as.get(`/tickets/${ticket.id}/comments?sort=created_at`)).body.data).toEqual(answer);
    const other = await aTicket(as);
    expect(await as.get(`/tickets/${other.id}/comments/${answer[0]!.id}`)).toMatchObject({ status: 404, body: { code: 'comment.not_found' } });
  });

  it('is overdue while it is not done', async () => {
    const soon = instant(HOUR_MS);
    for (const [title, over] of Object.entries({ open: {}, resolved: { status: 'resolved' }, closed: { status: 'closed' }, later: { due_at: instant(9 * HOUR_MS) }, never: { due_at: null } })) {
      expect(await aTicket(api, { title, due_at: soon, ...over })).toMatchObject({ overdue: false });
    }
    expect(await titles('overdue=true')).toEqual([]);
    clock.advance(HOUR_MS + 1000);
    expect(await titles('overdue=true')).toEqual(['open']);
    expect(await titles('overdue=false')).toEqual(['resolved', 'closed', 'later', 'never']);
    const [ticket] = (await api.get('/tickets?overdue=true')).body.data as Resource[];
    expect((await api.put(`/tickets/${ticket!.id}`, { status: 'resolved' })).body.overdue).toBe(false);
    expect((await api.put(`/tickets/${ticket!.id}`, { status: 'processing' })).body.overdue).toBe(true);
    expect((await api.put(`/tickets/${ticket!.id}`, { due_at: instant(HOUR_MS) })).body.overdue).toBe(false);
    expect((await api.get('/tickets?sort=due_at')).body.data.map(({ title }: Resource) => title).at(-1)).toBe('never');
    for (const until of ['', `&due_until=${instant(100 * HOUR_MS)}`]) expect(await titles(`due_since=${instant(2 * HOUR_MS)}${until}`)).toEqual(['later']);
    expect(await titles('due_until=9999-12-31T23:59:59Z')).not.toContain('never');
  });

  it('is due at no instant whose year in UTC has not four digits', async () => {
    for (const due_at of ['9999-12-31T23:59:59-05:00', '0000-01-01T00:00:00+05:00']) {
      expect(await api.post('/tickets', { title: 'x', due_at })).toMatchObject({ status: 422, body: { errors: [{ field: 'due_at', code: 'is_instant' }] } });
    }
  });

  it('is listed by its tags, and by new ones once they are changed', async () => {
    const ticket = await aTicket(api, { title: 'one', tags: ['vip', 'vip', 'x"vip"'] });
    await aTicket(api, { title: 'two', tags: ['Vip'] });
    expect(await titles('tag=vip')).toEqual(['one']);
    await api.put(`/tickets/${ticket.id}`, { tags: ['gold'] });
    expect([await titles('tag=vip'), await titles('tag=gold')]).toEqual([[], ['one']]);
  });

  it('of a conversation begins with what the visitor wrote there', async () => {
    const agent = await anAgent(api);
    const conversation = await aConversation(api, { channel: 'web', department: 'support', visitor: { external_id: 'customer-1', customer_id: 'C-1' } });
    await aMessage(api, conversation, { content: 'My parcel is lost.' });
    await aMessage(api, conversation, { sender: { type: 'agent', id: agent.id }, content: 'Which one?' });
    await aMessage(api, conversation, { type: 'image', content: { url: 'https://example.com/p.png' } });
    await aMessage(api, conversation, { content: 'The blue one.' });
    const ticket = await aTicket(api, { conversation_id: conversation.id });
    expect(ticket).toMatchObject({ content: 'My parcel is lost.\nThe blue one.', conversation_id: conversation.id, visitor_id: conversation['visitor_id'], department: 'support', customer_id: 'C-1' });
    expect(await aTicket(api, { conversation_id: conversation.id, content: 'Own words' })).toMatchObject({ content: 'Own words' });
    expect(await aTicket(api, { conversation_id: conversation.id, customer_id: null })).toMatchObject({ customer_id: null });
    expect(await aTicket(api, { conversation_id: conversation.id, content: null })).toMatchObject({ content: null });
    const { as } = await anApplication(cluster.a, { scopes: ['tickets:write'] }, api);
    expect(await aTicket(as, { conversation_id: conversation.id })).toMatchObject({ content: null });
    expect((await api.get(`/tickets?conversation_id=${conversation.id}&include_total=true`)).body.total).toBe(5);
    expect((await api.get(`/tickets?visitor_id=${conversation['visitor_id']}&include_total=true`)).body.total).toBe(5);
  });

  it('is deleted with all that belongs to it, which the audit log keeps, and its ticket_id is free', async () => {
    const ticket = await aTicket(api, { ticket_id: 'T-1', tags: ['a'] });
    await api.post('/tickets/T-1/status', { status: 'processing', comment: 'x' });
    const { answer, events } = await during(api, () => Promise.all([0, 1, 2].map((index) => cluster.each(index).as(api.headers).delete('/tickets/T-1'))));
    expect(answer.map(({ status }) => status).sort()).toEqual([204, 404, 404]);
    expect(events.map(({ event, data }) => [event, data['id'], data['status']])).toEqual([['ticket.deleted', ticket.id, 'processing']]);
    for (const table of ['ticket_tags', 'ticket_comments', 'ticket_changes']) expect(await rows(cluster.a, `SELECT * FROM ${table} WHERE ticket_id = ?`, [ticket.id])).toEqual([]);
    const audit = (await api.get(`/audit-logs?target_id=${ticket.id}`)).body.data;
    expect(audit).toEqual([expect.objectContaining({ action: 'ticket.deleted', target_type: 'ticket', details: { ticket_id: 'T-1', status: 'processing' }, address: '127.0.0.1' })]);
    expect((await aTicket(api, { ticket_id: 'T-1' })).id).not.toBe(ticket.id);
  });
});
