import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/kernel/ids.js';
import type { IdKind } from '../../src/kernel/ids.js';
import { TicketsRepository } from '../../src/modules/tickets/tickets.repository.js';
import { VisitorsTickets } from '../../src/modules/tickets/visitors-tickets.js';
import { addRows } from '../../src/platform/database/rows.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { HAS_SERVERS } from '../support/cluster.js';
import { aConversation, aLogin, aTicket } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { expectNoSorting, linesOf, planOf, plansWithoutScan, recorded } from '../support/query-plans.js';
import { rows } from '../support/invariants.js';
import { startTestApp } from '../support/start-test-app.js';
import type { Caller, TestApp } from '../support/start-test-app.js';

const LARGE = ['tickets', 'ticket_tags', 'ticket_comments', 'ticket_changes'];
const TICKETS = 20_000;
const AT_A_TIME = 2000;
const HOUR_MS = 3_600_000;
const COLUMNS = [
  'id', 'organization_id', 'external_id', 'title', 'priority', 'category', 'status', 'handler', 'agent_id', 'department', 'conversation_id', 'visitor_id', 'customer_id', 'due_at', 'tags',
  'status_written', 'leave_message_of', 'created_at', 'updated_at',
];
const STATUSES = ['open', 'processing', 'pending', 'resolved'];

describe('no query reads all tickets', { timeout: 60_000 }, () => {
  let app: TestApp;
  let api: Caller;
  let agent: Resource;
  let asAgent: Caller;
  let conversation: Resource;
  let organizationId: string;
  let some: Resource;
  const begin = Date.now() - TICKETS * HOUR_MS;

  beforeAll(async () => {
    app = await startTestApp({ env: { ROLES: 'api' } });
    ({ api } = app);
    ({ agent, as: asAgent } = await aLogin(app, { department: 'support' }));
    conversation = await aConversation(api);
    some = await aTicket(api, { ticket_id: 'some', content: 'text', conversation_id: conversation.id, tags: ['rare'] });
    [{ organization_id: organizationId }] = (await rows(app, 'SELECT organization_id FROM tickets')) as [{ organization_id: string }];
    const unitOfWork = app.app.get(UnitOfWork);
    for (let start = 0; start < TICKETS; start += AT_A_TIME) {
      const tickets = Array.from({ length: AT_A_TIME }, (_, offset) => ticketRow(start + offset));
      await unitOfWork.run(async () => {
        await addRows(unitOfWork, 'tickets', COLUMNS, tickets);
        await addRows(unitOfWork, 'ticket_tags', ['ticket_id', 'tag', 'organization_id'], tickets.map(([id], index) => [id, `t${index % 500}`, organizationId]));
        await addRows(unitOfWork, 'ticket_comments', ['id', 'ticket_id', 'content', 'author_type', 'author_id', 'created_at'], tickets.map(([id]) => [newId('ticketComment'), id, 'x', 'agent', agent.id, begin]));
        await addRows(unitOfWork, 'ticket_changes', ['id', 'ticket_id', 'field', 'old_value', 'new_value', 'changed_by', 'created_at'], tickets.map(([id]) => [newId('ticketChange'), id, 'title', '"a"', '"b"', agent.id, begin]));
      });
    }
    if (HAS_SERVERS) await unitOfWork.query(`ANALYZE TABLE ${LARGE.join(', ')}`);
  }, 120_000);

  afterAll(() => app.close());

  /** Nearly all have ended and belong to nobody in particular, as in a desk that has run for years. */
  function ticketRow(index: number): unknown[] {
    const id = newId('ticket');
    const at = begin + index * HOUR_MS;
    const rare = index % 200 === 0;
    return [
      id, organizationId, `x-${index}`, 'title', 'normal', 'parcel', rare ? STATUSES[(index / 200) % 4] : 'closed', rare ? agent.id : `h${index % 300}`, rare ? agent.id : null, 'support',
      index % 1000 === 0 ? conversation.id : null, index % 1000 === 0 ? conversation['visitor_id'] : null, `C-${index % 4000}`, at + HOUR_MS, '[]', '[]', index === 0 ? conversation.id : null, at, at,
    ];
  }

  async function stepsOf(work: () => Promise<unknown>, { sorts = false } = {}): Promise<string> {
    const plans = await plansWithoutScan(app, LARGE, work);
    if (!sorts) expectNoSorting(plans);
    return linesOf(plans);
  }

  it('sees one that does', async () => {
    const [statement] = await recorded(app, () => app.app.get(UnitOfWork).query("SELECT id FROM tickets WHERE title = 'x' ORDER BY category"));
    expect(await planOf(app, statement!, LARGE)).toMatchObject({ scans: true, sorts: true });
  });

  const someIds = (kind: IdKind): string[] => Array.from({ length: 500 }, () => newId(kind));
  const instant = (index: number): string => new Date(begin + index * HOUR_MS).toISOString();

  it.each([
    ['', /tickets_created/], ['sort=updated_at', /tickets_updated/], ['sort=-due_at', /tickets_due/], ['status=pending', /tickets_status/], ['handler=h7', /tickets_handler/], ['unassigned=true', /tickets_handler/],
    ['customer_id=C-7', /tickets_customer/], ['ticket_id=x-7', /tickets_external_id/], [`created_since=${instant(19_900)}`, /tickets_created/],
    [`sort=updated_at&updated_since=${instant(19_900)}`, /tickets_updated/], [`sort=due_at&due_since=${instant(19_900)}&overdue=true`, /tickets_due/],
  ])('when tickets are listed with ?%s', async (query, index) => {
    expect(await stepsOf(() => api.get(`/tickets?limit=50&${query}`))).toMatch(index);
  });

  it('when those of a conversation, a visitor or a tag are listed: few, which may be sorted', async () => {
    expect(await stepsOf(() => api.get(`/tickets?conversation_id=${conversation.id}`), { sorts: true })).toMatch(/tickets_(conversation|created)/);
    expect(await stepsOf(() => api.get(`/tickets?visitor_id=${conversation['visitor_id']}`), { sorts: true })).toMatch(/tickets_(visitor|created)/);
    expect(await stepsOf(() => api.get('/tickets?tag=rare'), { sorts: true })).toMatch(/ticket_tags/);
  });

  it('when one is read, with what was said and changed', async () => {
    for (const path of ['some', some.id, `${some.id}/comments`, `${some.id}/history`]) await stepsOf(() => api.get(`/tickets/${path}`));
    await stepsOf(() => api.put('/tickets/some', { title: 'other', tags: ['x'] }));
    await stepsOf(() => api.delete('/tickets/some'));
  });

  it('when an agent lists what it sees', async () => {
    await stepsOf(() => asAgent.get('/tickets'), { sorts: true });
  });

  it('when the service looks for those of an agent, a conversation or a visitor', async () => {
    const [tickets, unitOfWork] = [app.app.get(TicketsRepository), app.app.get(UnitOfWork)];
    expect(await stepsOf(() => unitOfWork.run(() => tickets.workOf(organizationId, agent.id)), { sorts: true })).toMatch(/tickets_agent/);
    expect(await stepsOf(() => unitOfWork.run(() => tickets.findLeaveMessage(conversation.id)))).toMatch(/tickets_leave_message/);
    expect(await stepsOf(() => unitOfWork.run(() => app.app.get(VisitorsTickets).move(organizationId, conversation['visitor_id'], 'vis_other')))).toMatch(/tickets_visitor/);
    await stepsOf(() => app.app.get(VisitorsTickets).owned(organizationId, 'vis_other', [...someIds('ticket'), ...someIds('ticketComment')]), { sorts: true });
    await stepsOf(() => app.app.get(VisitorsTickets).erase(organizationId, 'vis_other', 100), { sorts: true });
  });
});
