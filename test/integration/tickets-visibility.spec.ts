import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster } from '../support/cluster.js';
import type { Cluster } from '../support/cluster.js';
import { aConversation, aLogin, aTicket, anAgent, anApplication, anOrganization, eventsAfter, lastPosition } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import type { Caller } from '../support/start-test-app.js';

type LogIn = Awaited<ReturnType<typeof aLogin>>;

describe('who sees a ticket', () => {
  let cluster: Cluster;
  let api: Caller;
  let li: LogIn;
  let wang: LogIn;
  let boss: LogIn;
  let admin: LogIn;

  beforeAll(async () => {
    cluster = await startCluster();
    ({ api } = cluster.a);
    li = await aLogin(cluster.a, { department: 'support', status: 'away' });
    wang = await aLogin(cluster.a, { department: 'sales', status: 'away' });
    boss = await aLogin(cluster.a, { role: 'supervisor', department: 'support', status: 'away' });
    admin = await aLogin(cluster.a, { role: 'admin', status: 'away' });
  });

  afterAll(() => cluster.close());

  async function seenBy(ticket: Resource): Promise<string[]> {
    const callers: Record<string, Caller> = { li: li.as, wang: wang.as, boss: boss.as, admin: admin.as };
    const seen = [];
    for (const [name, as] of Object.entries(callers)) {
      const statuses = new Set<number>();
      for (const path of ['', '/comments', '/history']) statuses.add((await as.get(`/tickets/${ticket.id}${path}`)).status);
      const listed = ((await as.get('/tickets?limit=100')).body.data as Resource[]).some(({ id }) => id === ticket.id);
      expect([...statuses], name).toEqual([listed ? 200 : 404]);
      if (listed) seen.push(name);
      else {
        expect((await as.put(`/tickets/${ticket.id}`, { title: 'x' })).body.code).toBe('ticket.not_found');
        expect((await as.post(`/tickets/${ticket.id}/status`, { status: 'closed' })).body.code).toBe('ticket.not_found');
        expect((await as.post(`/tickets/${ticket.id}/comments`, { content: 'x' })).body.code).toBe('ticket.not_found');
        expect((await as.delete(`/tickets/${ticket.id}`)).body.code).toBe('ticket.not_found');
      }
    }
    return seen;
  }

  it('depends on its handler and its department', async () => {
    const cases: [over: () => Record<string, unknown>, seen: string[]][] = [
      [() => ({}), ['li', 'wang', 'admin']],
      [() => ({ department: 'support' }), ['li', 'boss', 'admin']],
      [() => ({ department: 'sales' }), ['wang', 'admin']],
      [() => ({ department: 'support', handler: wang.agent.id }), ['wang', 'boss', 'admin']],
      [() => ({ handler: li.agent.id }), ['li', 'boss', 'admin']],
      // Somebody outside works on it: the desk has to be able to say how it goes.
      [() => ({ department: 'support', handler: 'somebody outside' }), ['li', 'boss', 'admin']],
    ];
    for (const [over, seen] of cases) expect(await seenBy(await aTicket(api, over())), JSON.stringify(over())).toEqual(seen);
  });

  it('follows changes of both, and so do the events', async () => {
    const ticket = await aTicket(api, { department: 'sales' });
    const at = await lastPosition(api);
    await api.put(`/tickets/${ticket.id}`, { department: 'support', handler: li.agent.id });
    expect(await seenBy(ticket)).toEqual(['li', 'boss', 'admin']);
    await api.post(`/tickets/${ticket.id}/status`, { status: 'processing', comment: 'x' });
    await api.put(`/tickets/${ticket.id}`, { handler: wang.agent.id });
    expect(await seenBy(ticket)).toEqual(['wang', 'boss', 'admin']);
    const eventsFor = async ({ as }: LogIn): Promise<string[]> => (await eventsAfter(as, at)).filter(({ data }) => data['id'] === ticket.id).map(({ event }) => event);
    expect(await eventsFor(li)).toEqual(['ticket.updated', 'ticket.status_changed', 'ticket.commented']);
    expect(await eventsFor(wang)).toEqual(['ticket.updated']);
    expect(await eventsFor(boss)).toEqual(['ticket.updated', 'ticket.status_changed', 'ticket.commented', 'ticket.updated']);
  });

  it('has the department of its conversation, else of its handler, else of the agent who makes it', async () => {
    const conversation = await aConversation(api, { department: 'sales' });
    expect(await aTicket(api, { conversation_id: conversation.id, handler: li.agent.id })).toMatchObject({ department: 'sales' });
    expect(await aTicket(wang.as, { handler: li.agent.id })).toMatchObject({ department: 'support' });
    expect(await aTicket(wang.as)).toMatchObject({ department: 'sales' });
    expect(await aTicket(wang.as, { department: null, handler: li.agent.id })).toMatchObject({ department: null });
  });

  it('takes a conversation that the caller sees, and no other one', async () => {
    const conversation = await aConversation(api, { department: 'sales' });
    for (const [as, status] of [[wang.as, 201], [li.as, 422]] as const) {
      const answer = await as.post('/tickets', { title: 'x', conversation_id: conversation.id });
      expect(answer.status).toBe(status);
      if (status === 422) expect(answer.body.errors).toEqual([expect.objectContaining({ field: 'conversation_id', code: 'conversation.not_found' })]);
    }
    const ticket = await aTicket(li.as);
    expect((await li.as.put(`/tickets/${ticket.id}`, { conversation_id: conversation.id })).status).toBe(422);
  });

  it('is what the data scope of an application names, and nothing is made outside of it', async () => {
    const { as } = await anApplication(cluster.a, { data_scope: { departments: ['support'], channels: [], agent_ids: [] } });
    const own = await aTicket(as);
    expect(own).toMatchObject({ department: 'support' });
    expect((await as.get(`/tickets/${own.id}`)).status).toBe(200);
    const other = await aTicket(api, { department: 'sales' });
    expect((await as.get(`/tickets/${other.id}`)).status).toBe(404);
    expect(await as.post('/tickets', { title: 'x', department: 'sales' })).toMatchObject({ status: 403, body: { code: 'ticket.data_scope_exceeded' } });
    expect(await as.put(`/tickets/${own.id}`, { department: null })).toMatchObject({ status: 403, body: { code: 'ticket.data_scope_exceeded' } });
    const web = await anApplication(cluster.a, { data_scope: { departments: [], channels: ['web'], agent_ids: [] } });
    expect((await web.as.post('/tickets', { title: 'x' })).status).toBe(403);
    const conversation = await aConversation(api, { channel: 'web' });
    expect((await web.as.post('/tickets', { title: 'x', conversation_id: conversation.id })).status).toBe(201);
  });

  it('is nobody of another organization', async () => {
    const elsewhere = await anOrganization(cluster.a);
    const ticket = await aTicket(api, { ticket_id: 'T-own' });
    for (const id of [ticket.id, 'T-own']) expect((await elsewhere.api.get(`/tickets/${id}`)).status).toBe(404);
    expect(await aTicket(elsewhere.api, { ticket_id: 'T-own' })).toMatchObject({ ticket_id: 'T-own' });
    const stranger = await anAgent(elsewhere.api);
    expect((await api.post('/tickets', { title: 'x', handler: stranger.id })).status).toBe(422);
  });
});
