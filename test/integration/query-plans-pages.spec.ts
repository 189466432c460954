import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/kernel/ids.js';
import type { IdKind } from '../../src/kernel/ids.js';
import { addRows } from '../../src/platform/database/rows.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { HAS_SERVERS } from '../support/cluster.js';
import { aConversation, anOrganization } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { linesOf, plansWithoutScan, recorded, rowsRead } from '../support/query-plans.js';
import { startTestApp } from '../support/start-test-app.js';
import type { Caller, TestApp } from '../support/start-test-app.js';

const ROWS = 20_000;
const AT_A_TIME = 2000;
const MINUTE_MS = 60_000;
const BEGUN = Date.now() - ROWS * MINUTE_MS;
const MIDDLE = BEGUN + (ROWS / 2) * MINUTE_MS;
/** A page, its rows by their keys, and some to spare; the first half of a table is ten times as much. */
const FEW = 1000;

/** What differs from row to row, beside `id`, `organization_id` and the instants. */
interface Table {
  kind: IdKind;
  instants: string[];
  values: (index: number) => Record<string, unknown>;
}

/** A page in the middle of a list begins there, and does not read what comes before it. */
describe('no page of a list reads those before it', { timeout: 60_000 }, () => {
  let app: TestApp;
  let api: Caller;
  let conversation: Resource;

  beforeAll(async () => {
    app = await startTestApp({ env: { ROLES: 'api' } });
    const { api: own, organization } = await anOrganization(app);
    api = own;
    conversation = await aConversation(api);
    const tables: Record<string, Table> = {
      visitors: { kind: 'visitor', instants: ['created_at', 'updated_at'], values: (index) => ({ visitor_type: index % 2 === 0 ? 'guest' : 'known', tags: '[]', metadata: '{}' }) },
      conversations: {
        kind: 'conversation', instants: ['created_at', 'updated_at'],
        values: (index) => ({
          visitor_id: conversation['visitor_id'], channel: 'web', department: index % 2 === 0 ? 'sales' : 'support', priority: 'normal', skills: '[]', tags: '[]', metadata: '{}', status: 'closed',
        }),
      },
      messages: {
        kind: 'message', instants: ['created_at'],
        values: (index) => ({ conversation_id: conversation.id, seq: index + 1, sender_type: 'visitor', client_msg_no: `no-${index}`, type: 'text', content: '"something"', metadata: '{}', status: 'sent' }),
      },
      tickets: {
        kind: 'ticket', instants: ['created_at', 'updated_at', 'due_at'],
        values: (index) => ({ external_id: `T-${index}`, title: 'a ticket', priority: 'normal', handler: index % 2000 === 0 ? null : 'somebody', status: index % 2 === 0 ? 'open' : 'closed', tags: '[]', status_written: '[]' }),
      },
      crm_customers: { kind: 'customer', instants: ['created_at', 'updated_at'], values: (index) => ({ customer_id: `C-${index}`, level: index % 2 === 0 ? 'A' : 'B', tags: '[]', metadata: '{}' }) },
      crm_orders: { kind: 'order', instants: ['created_at', 'updated_at', 'create_time'], values: (index) => ({ order_id: `O-${index}`, status: index % 2 === 0 ? 'open' : 'paid', items: '[]' }) },
      audit_logs: { kind: 'auditLog', instants: ['created_at'], values: (index) => ({ actor_kind: 'agent', action: index % 2 === 0 ? 'agent.updated' : 'agent.created', target_type: 'agent', changes: '{}', details: '{}' }) },
    };
    const unitOfWork = app.app.get(UnitOfWork);
    for (const [table, { kind, instants, values }] of Object.entries(tables)) {
      for (let start = 0; start < ROWS; start += AT_A_TIME) {
        const rows = Array.from({ length: AT_A_TIME }, (_, offset) => {
          const at = BEGUN + (start + offset) * MINUTE_MS;
          return { id: newId(kind), organization_id: organization.id, ...Object.fromEntries(instants.map((column) => [column, at])), ...values(start + offset) };
        });
        await unitOfWork.run(() => addRows(unitOfWork, table, Object.keys(rows[0]!), rows.map((row) => Object.values(row))));
      }
    }
    if (HAS_SERVERS) await unitOfWork.query(`ANALYZE TABLE ${Object.keys(tables).join(', ')}`);
  }, 180_000);

  afterAll(() => app.close());

  /** A cursor of this list, as if its page before had ended in the middle. */
  async function middleOf(path: string): Promise<string> {
    const { body } = await api.get(`${path}&limit=1`);
    const [place, value, id] = JSON.parse(Buffer.from(body.next_cursor, 'base64url').toString()) as [string, number, string | number];
    const middle = value > ROWS ? MIDDLE : ROWS / 2;
    return Buffer.from(JSON.stringify([place, middle, typeof id === 'number' ? ROWS / 2 : id])).toString('base64url');
  }

  it.each([
    ['visitors', '/visitors?'], ['visitors', '/visitors?sort=created_at'], ['visitors', '/visitors?visitor_type=guest'],
    ['conversations', '/conversations?'], ['conversations', '/conversations?sort=created_at'], ['conversations', '/conversations?department=sales'],
    ['messages', '/messages?'], ['messages', '/messages?sort=created_at'], ['messages', '/messages?sort=-number'], ['messages', '/messages?type=text'],
    ['messages', '/conversations/CONVERSATION/messages?'],
    ['tickets', '/tickets?'], ['tickets', '/tickets?sort=-updated_at'], ['tickets', '/tickets?sort=due_at'], ['tickets', '/tickets?status=open'],
    ['crm_customers', '/crm/customers?'], ['crm_customers', '/crm/customers?sort=updated_at'], ['crm_customers', '/crm/customers?level=A'],
    ['crm_orders', '/crm/orders?'], ['crm_orders', '/crm/orders?sort=-create_time'], ['crm_orders', '/crm/orders?status=open'],
    ['audit_logs', '/audit-logs?'], ['audit_logs', '/audit-logs?action=agent.updated'],
  ])('of %s: %s', async (table, path) => {
    const place = path.replace('CONVERSATION', conversation.id);
    const page = `${place}&limit=100&cursor=${await middleOf(place)}`;
    const { body } = await api.get(page);
    expect(body.data).toHaveLength(100);
    if (!HAS_SERVERS) {
      expect(linesOf(await plansWithoutScan(app, [table], () => api.get(page)))).toMatch(/[<>]\?/);
      return;
    }
    const statements = await recorded(app, () => api.get(page));
    for (const statement of statements) expect(await rowsRead(app, statement), statement.sql).toBeLessThan(FEW);
    // Found and read in one statement, so that what changes meanwhile does not come in between, and put in order.
    const about = statements.filter(({ sql }) => sql.includes(`FROM \`${table}\``));
    expect(about).toHaveLength(1);
    expect(about[0]!.sql).toMatch(/FORCE INDEX .* ORDER BY found\.\w+/s);
  });

  // Along the order of the list it would be all that there is.
  it.each([
    ['tickets', '/tickets?unassigned=true&sort=due_at', 5], ['messages', '/messages?conversation_id=CONVERSATION&client_msg_no=no-7', 1],
  ])('nor all of %s for the few of %s', async (_table, path, size) => {
    const place = path.replace('CONVERSATION', conversation.id);
    const page = `${place}&limit=100&cursor=${await middleOf(place.replace(/&?(unassigned=true|client_msg_no=no-7)/, ''))}`;
    const { body } = await api.get(page);
    expect(body.data).toHaveLength(size);
    for (const statement of await recorded(app, () => api.get(page))) expect(await rowsRead(app, statement), statement.sql).toBeLessThan(FEW);
  });

  it.each([
    '/visitors?until=MIDDLE', '/conversations?created_until=MIDDLE', '/messages?until=MIDDLE', '/tickets?created_until=MIDDLE', '/tickets?due_until=MIDDLE&sort=-due_at',
    '/crm/orders?until=MIDDLE&sort=-create_time', '/audit-logs?until=MIDDLE',
  ])('nor the first one until then of %s', async (path) => {
    const page = `${path.replace('MIDDLE', new Date(MIDDLE).toISOString())}&limit=100`;
    const { body } = await api.get(page);
    expect(body.data).toHaveLength(100);
    for (const statement of await recorded(app, () => api.get(page))) expect(await rowsRead(app, statement), statement.sql).toBeLessThan(FEW);
  });
});
