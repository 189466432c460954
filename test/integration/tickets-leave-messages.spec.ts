import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aMessage, anAgent, anOrganization, created, during, tally } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import type { Caller } from '../support/start-test-app.js';

const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
const ALWAYS = Object.fromEntries(DAYS.map((day) => [day, [{ from: '00:00', to: '24:00' }]]));

describe('what a visitor writes outside of business hours', () => {
  let cluster: Cluster;
  let api: Caller;
  let hours: Resource;

  beforeAll(async () => {
    cluster = await startCluster();
  });

  beforeEach(async () => {
    ({ api } = await anOrganization(cluster.a));
    hours = await created(api.post('/business-hours', { name: 'Never', time_zone: 'Europe/Berlin', weekly: {} }));
    await created(api.post('/departments', { name: 'support', business_hours_id: hours.id, off_hours: 'ticket' }));
    await created(api.post('/departments', { name: 'sales', business_hours_id: hours.id, off_hours: 'queue' }));
  });

  afterAll(() => cluster.close());

  const tickets = async (): Promise<Resource[]> => (await api.get('/tickets?limit=100&sort=created_at')).body.data;
  const commentsOf = async ({ id }: Resource): Promise<Resource[]> => (await api.get(`/tickets/${id}/comments?limit=100&sort=created_at`)).body.data;

  it('becomes a ticket, and what follows its comments', async () => {
    const conversation = await aConversation(api, { department: 'support', channel: 'web' });
    expect(conversation['status']).toBe('queued');
    expect(await tickets()).toEqual([]);
    const { events } = await during(api, () => aMessage(api, conversation, { content: '  My parcel is lost.\nPlease call 13800138000.' }));
    expect(events.map(({ event }) => event)).toEqual(['message.received', 'ticket.created']);
    await aMessage(api, conversation, { content: 'It is blue.' });
    await aMessage(api, conversation, { type: 'image', content: { url: 'https://example.com/p.png' } });
    const [ticket, ...others] = await tickets();
    expect(others).toEqual([]);
    expect(ticket).toMatchObject({
      title: 'My parcel is lost.', content: '  My parcel is lost.\nPlease call 13800138000.', category: 'leave_message', status: 'open', handler: null, department: 'support',
      conversation_id: conversation.id, visitor_id: conversation['visitor_id'],
    });
    expect((await commentsOf(ticket!)).map(({ content, author }) => [content, author])).toEqual(
      ['It is blue.', '[image] {"url":"https://example.com/p.png"}'].map((content) => [content, { type: 'visitor', id: conversation['visitor_id'], name: null }]));
  });

  it('becomes one ticket also when several messages come at once', async () => {
    const conversations = await Promise.all([0, 1, 2].map(() => aConversation(api, { department: 'support' })));
    const answers = await Promise.all(conversations.flatMap(({ id }, of) => Array.from({ length: 8 }, (_, index) =>
      cluster.each(index).as(api.headers).post('/messages', { conversation_id: id, sender: { type: 'visitor' }, type: 'text', content: `${of} ${index}` }))));
    expect(tally(answers)).toEqual({ 201: 24 });
    const made = await tickets();
    expect(made.map(({ conversation_id }) => conversation_id).sort()).toEqual(conversations.map(({ id }) => id).sort());
    for (const ticket of made) {
      const of = conversations.findIndex(({ id }) => id === ticket['conversation_id']);
      const said = [ticket['content'], ...(await commentsOf(ticket)).map(({ content }) => content)];
      expect(said.sort()).toEqual(Array.from({ length: 8 }, (_, index) => `${of} ${index}`));
    }
  });

  it('only waits where the department wants that, is open, or has no settings', async () => {
    for (const over of [{ department: 'sales' }, { department: 'elsewhere' }, {}]) await aMessage(api, await aConversation(api, over));
    await api.put(`/business-hours/${hours.id}`, { weekly: ALWAYS });
    await aMessage(api, await aConversation(api, { department: 'support' }));
    expect(await tickets()).toEqual([]);
  });

  it('is no ticket when an agent serves the conversation, nor what agents and bots say', async () => {
    const agent = await anAgent(api, { department: 'support' });
    const served = await aConversation(api, { department: 'support', agent_id: agent.id });
    await aMessage(api, served);
    const queued = await aConversation(api, { department: 'support' });
    await aMessage(api, queued, { sender: { type: 'bot', id: 'faq' } });
    expect(await tickets()).toEqual([]);
  });

  it('is taken back with the message', async () => {
    const conversation = await aConversation(api, { department: 'support' });
    const [first, second, third] = [await aMessage(api, conversation, { content: 'My card is 4711' }), await aMessage(api, conversation, { content: 'Its code is 123' }), await aMessage(api, conversation, { content: 'Please call' })];
    const [ticket] = await tickets();
    const recall = async ({ id }: Resource): Promise<void> => expect((await api.delete(`/messages/${id}`)).status).toBe(200);
    const ofComment = await during(api, () => recall(second));
    expect((await commentsOf(ticket!)).map(({ content, author }) => [content, author.id])).toEqual([['', conversation['visitor_id']], ['Please call', conversation['visitor_id']]]);
    expect(ofComment.events).toMatchObject([{ event: 'message.deleted' }, { event: 'ticket.updated', data: { id: ticket!.id, changed: ['comments'], comment: { content: '' } } }]);
    const ofTicket = await during(api, () => recall(first));
    expect(ofTicket.events).toMatchObject([{ event: 'message.deleted' }, { event: 'ticket.updated', data: { title: '…', content: null, changed: ['title', 'content'] } }]);
    await recall(first);
    await recall(third);
    const [left] = await tickets();
    expect(left).toMatchObject({ id: ticket!.id, title: '…', content: null, status: 'open', conversation_id: conversation.id });
    expect((await api.get(`/tickets/${ticket!.id}/history`)).body.data.map(({ field, from, to, by }: Resource) => [field, from, to, by]).sort())
      .toEqual([['content', null, null, 'system'], ['title', null, '…', 'system']]);
    expect((await commentsOf(ticket!)).map(({ content }) => content)).toEqual(['', '']);
  });

  it('is not taken back where somebody has written something else since', async () => {
    const conversation = await aConversation(api, { department: 'support' });
    const message = await aMessage(api, conversation, { content: 'My card is 4711' });
    const [ticket] = await tickets();
    for (const title of ['A lost card', 'A card']) await api.put(`/tickets/${ticket!.id}`, { title });
    await aMessage(api, await aConversation(api, { department: 'support' }), { content: 'Somebody else' });
    expect((await api.delete(`/messages/${message.id}`)).status).toBe(200);
    expect((await tickets()).map(({ title, content }) => [title, content])).toEqual([['A card', null], ['Somebody else', 'Somebody else']]);
    const history = (await api.get(`/tickets/${ticket!.id}/history?sort=created_at`)).body.data as Resource[];
    expect(history.map(({ field, from, to }) => [field, from, to])).toEqual([['title', null, 'A lost card'], ['title', 'A lost card', 'A card'], ['content', null, null]]);
  });

  it('goes on being a comment after the ticket was closed, and ends with the morning', async () => {
    const conversation = await aConversation(api, { department: 'support' });
    await aMessage(api, conversation, { content: 'one' });
    const [ticket] = await tickets();
    await api.put(`/tickets/${ticket!.id}`, { status: 'closed' });
    await aMessage(api, conversation, { content: 'two' });
    await api.put(`/business-hours/${hours.id}`, { weekly: ALWAYS });
    await aMessage(api, conversation, { content: 'three' });
    expect(await tickets()).toHaveLength(1);
    expect((await commentsOf(ticket!)).map(({ content }) => content)).toEqual(['two']);
  });
});
