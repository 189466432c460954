import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { VisitorsTickets } from '../../src/modules/tickets/visitors-tickets.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { aConversation, aMessage, aTicket, anOrganization, created } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { rows } from '../support/invariants.js';
import { startTestApp } from '../support/start-test-app.js';
import type { Caller, TestApp } from '../support/start-test-app.js';

describe("a visitor's tickets", () => {
  let app: TestApp;
  let api: Caller;
  let organization: Resource;
  let holding: VisitorsTickets;

  beforeAll(async () => {
    app = await startTestApp();
    holding = app.app.get(VisitorsTickets);
  });

  beforeEach(async () => {
    ({ api, organization } = await anOrganization(app));
  });

  afterAll(() => app.close());

  const get = async ({ id }: Resource): Promise<Resource> => (await api.get(`/tickets/${id}`)).body;
  const page = async ({ id }: Resource, what: string): Promise<Resource[]> => (await api.get(`/tickets/${id}/${what}?sort=created_at`)).body.data;

  /** With something of the visitor in all of its places. */
  async function aTicketFrom(conversation: Resource): Promise<Resource> {
    const ticket = await aTicket(api, { title: 'Call 13800138000', content: 'I am Zhang San.', conversation_id: conversation.id, category: 'call', tags: ['vip'] });
    await api.put(`/tickets/${ticket.id}`, { title: 'Call Zhang San', content: null, priority: 'high' });
    await created(api.post(`/tickets/${ticket.id}/comments`, { content: 'Zhang San called.', author: 'Wang' }));
    return ticket;
  }

  it('move with the visitor, and with what it said in them', async () => {
    await created(api.post('/departments', { name: 'support', off_hours: 'ticket', business_hours_id: (await created(api.post('/business-hours', { name: 'Never', time_zone: 'UTC', weekly: {} }))).id }));
    const [from, to] = [await aConversation(api, { department: 'support' }), await aConversation(api)];
    for (const content of ['one', 'two']) await aMessage(api, from, { content });
    const [left] = (await api.get(`/tickets?conversation_id=${from.id}`)).body.data as Resource[];
    const other = await aTicketFrom(to);
    await app.app.get(UnitOfWork).run(() => holding.move(organization.id, from['visitor_id'], to['visitor_id']));
    expect((await api.get(`/tickets?visitor_id=${to['visitor_id']}&sort=created_at`)).body.data.map(({ id }: Resource) => id)).toEqual([left!.id, other.id]);
    expect((await page(left!, 'comments')).map(({ author }) => author.id)).toEqual([to['visitor_id']]);
    expect((await page(other, 'comments')).map(({ author }) => author.type)).toEqual(['application']);
  });

  it('are found by the id of a visitor that was merged', async () => {
    const [merged, kept] = [await aConversation(api), await aConversation(api)];
    const ticket = await aTicketFrom(merged);
    expect((await api.post(`/visitors/${kept['visitor_id']}/merge`, { visitor_id: merged['visitor_id'] })).status).toBe(200);
    for (const { visitor_id } of [merged, kept] as unknown as { visitor_id: string }[]) expect((await api.get(`/tickets?visitor_id=${visitor_id}`)).body.data).toMatchObject([{ id: ticket.id, visitor_id: kept['visitor_id'] }]);
  });

  it('are given to no conversation of another visitor, whose words they do not hold', async () => {
    const [own, another] = [await aConversation(api), await aConversation(api)];
    const ticket = await aTicketFrom(own);
    const give = (conversation_id: string | null) => api.put(`/tickets/${ticket.id}`, { conversation_id });
    for (const taken of [own.id, null]) {
      expect((await give(taken)).status).toBe(200);
      const before = await get(ticket);
      expect((await give(another.id)).body).toMatchObject({ status: 409, code: 'ticket.other_visitor' });
      expect(await get(ticket)).toEqual(before);
    }
    expect((await api.post(`/visitors/${another['visitor_id']}/merge`, { visitor_id: own['visitor_id'] })).status).toBe(200);
    expect((await give(another.id)).body).toMatchObject({ conversation_id: another.id, visitor_id: another['visitor_id'] });
    const free = await aTicket(api);
    expect((await api.put(`/tickets/${free.id}`, { conversation_id: own.id })).body).toMatchObject({ conversation_id: own.id, visitor_id: another['visitor_id'] });
  });

  it('lose what was said, in steps, and keep what is counted', async () => {
    const [conversation, another] = [await aConversation(api), await aConversation(api)];
    const tickets = [await aTicketFrom(conversation), await aTicketFrom(conversation), await aTicketFrom(conversation)];
    // Taken off the conversation it is about the same person.
    await api.put(`/tickets/${tickets[0]!.id}`, { conversation_id: null });
    const spared = await aTicketFrom(another);
    const before = await get(spared);
    expect([await holding.erase(organization.id, conversation['visitor_id'], 2), await holding.erase(organization.id, conversation['visitor_id'], 2), await holding.erase(organization.id, conversation['visitor_id'], 2)]).toEqual([2, 1, 0]);
    for (const ticket of tickets) {
      const erased = await get(ticket);
      expect(erased).toMatchObject({ id: ticket.id, title: '', content: null, tags: [], category: 'call', priority: 'high', status: 'open', created_at: ticket['created_at'] });
      expect((await page(ticket, 'comments')).map(({ content, author }) => [content, author.name])).toEqual([['', null]]);
      const history = await page(ticket, 'history');
      expect(history.filter(({ field }) => ['title', 'content'].includes(field)).map(({ from, to }) => [from, to])).toEqual([[null, null], [null, null]]);
      expect(history.find(({ field }) => field === 'priority')).toMatchObject({ from: 'normal', to: 'high' });
    }
    expect(await get(spared)).toEqual(before);
    for (const [table, column] of [['tickets', 'id'], ['ticket_comments', 'ticket_id'], ['ticket_changes', 'ticket_id']]) {
      const kept = await rows(app, `SELECT * FROM ${table} WHERE ${column} IN (?, ?, ?)`, tickets.map(({ id }) => id));
      expect(kept.length).toBeGreaterThan(2);
      expect(JSON.stringify(kept)).not.toMatch(/Zhang San|13800138000|Wang/);
    }
  });
});
