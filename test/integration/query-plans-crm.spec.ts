import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/kernel/ids.js';
import { UnlinkedVisitors } from '../../src/modules/crm/links/unlinked-visitors.js';
import { CustomersRepository } from '../../src/modules/crm/customers/customers.repository.js';
import { addRows } from '../../src/platform/database/rows.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { HAS_SERVERS } from '../support/cluster.js';
import { anAgent, anOrganization } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { linesOf, plansWithoutScan } from '../support/query-plans.js';
import { startTestApp } from '../support/start-test-app.js';
import type { Caller, TestApp } from '../support/start-test-app.js';

const LARGE = ['crm_customers', 'crm_customer_tags', 'crm_orders', 'crm_unlinked_visitors'];
const ROWS = 20_000;
const AT_A_TIME = 2000;
const HOUR_MS = 3_600_000;
const CUSTOMER = ['id', 'organization_id', 'customer_id', 'name', 'level', 'tags', 'metadata', 'owner_agent_id', 'name_key', 'phone_key', 'email_key', 'created_at', 'updated_at'];
const ORDER = ['id', 'organization_id', 'order_id', 'customer_id', 'amount', 'amount_key', 'currency', 'status', 'items', 'create_time', 'created_at', 'updated_at'];
const VISITOR = ['visitor_id', 'organization_id', 'phone_key', 'email_key'];

describe('no query reads all customers or orders', { timeout: 60_000 }, () => {
  let app: TestApp;
  let api: Caller;
  let organization: Resource;
  let owner: Resource;
  const begin = Date.now() - ROWS * HOUR_MS;
  const since = new Date(Date.now() - 100 * HOUR_MS).toISOString();

  beforeAll(async () => {
    app = await startTestApp({ env: { ROLES: 'api' } });
    ({ api, organization } = await anOrganization(app));
    owner = await anAgent(api);
    const unitOfWork = app.app.get(UnitOfWork);
    for (let start = 0; start < ROWS; start += AT_A_TIME) {
      const indexes = Array.from({ length: AT_A_TIME }, (_, offset) => start + offset);
      const customers = indexes.map(customerRow);
      await unitOfWork.run(async () => {
        await addRows(unitOfWork, 'crm_customers', CUSTOMER, customers);
        await addRows(unitOfWork, 'crm_customer_tags', ['customer', 'tag', 'organization_id'], customers.map(([id], index) => [id, `t${index % 500}`, organization.id]));
        await addRows(unitOfWork, 'crm_orders', ORDER, indexes.map(orderRow));
        await addRows(unitOfWork, 'crm_unlinked_visitors', VISITOR, indexes.map((index) => [newId('visitor'), organization.id, `137${index}`, `v${index}@example.com`]));
      });
    }
    if (HAS_SERVERS) await unitOfWork.query(`ANALYZE TABLE ${LARGE.join(', ')}`);
  }, 180_000);

  afterAll(() => app.close());

  function customerRow(index: number): unknown[] {
    const at = begin + index * HOUR_MS;
    const rare = index % 200 === 0;
    return [
      newId('customer'), organization.id, `C-${index}`, `Name ${index}`, rare ? 'VIP' : 'A', '[]', '{}', rare ? owner.id : null, `name ${index}`, `138${index}`, `c${index}@example.com`, at, at,
    ];
  }

  function orderRow(index: number): unknown[] {
    const at = begin + index * HOUR_MS;
    return [newId('order'), organization.id, `O-${index}`, `C-${index % 4000}`, '1', `0${String(index).padStart(20, '0')}0000000000`, 'CNY', index % 200 === 0 ? 'open' : 'paid', '[]', at, at, at];
  }

  const stepsOf = async (work: () => Promise<unknown>): Promise<string> => linesOf(await plansWithoutScan(app, LARGE, work));

  it.each([
    ['', 'crm_customers_created'], ['sort=-updated_at', 'crm_customers_updated'], ['level=VIP', 'crm_customers_level'],
    ['owner_agent_id=OWNER', 'crm_customers_owner'], ['phone=1380013800', 'crm_customers_phone'], ['email=c7@example.com', 'crm_customers_email'],
    ['name=Name 7', 'crm_customers_name'], ['tag=t7', 'crm_customer_tags_tag'], ['q=name 77', 'crm_customers'], ['updated_since=SINCE&sort=-updated_at', 'crm_customers_updated'],
  ])('when customers are listed with ?%s', async (query, index) => {
    const filled = query.replace('OWNER', owner.id).replace('SINCE', since);
    expect(await stepsOf(() => api.get(`/crm/customers?limit=100&${filled}`))).toContain(index);
  });

  it.each([
    ['/crm/orders', '', 'crm_orders_created'], ['/crm/orders', 'sort=-updated_at&updated_since=SINCE', 'crm_orders_updated'], ['/crm/orders', 'sort=-create_time&since=SINCE', 'crm_orders_time'],
    ['/crm/orders', 'customer_id=C-7', 'crm_orders_customer'], ['/crm/orders', 'status=open', 'crm_orders_status'],
    ['/crm/orders', 'min_amount=19990', 'crm_orders'], ['/crm/customers/C-7/orders', '', 'crm_orders_customer'],
  ])('when %s are listed with ?%s', async (path, query, index) => {
    expect(await stepsOf(() => api.get(`${path}?limit=100&${query.replace('SINCE', since)}`))).toContain(index);
  });

  it('when one is read, written and deleted', async () => {
    expect(await stepsOf(() => api.get('/crm/customers/C-7'))).toContain('crm_customers_customer_id');
    expect(await stepsOf(() => api.get('/crm/orders/O-7'))).toContain('crm_orders_order_id');
    await stepsOf(() => api.put('/crm/customers/C-7', { tags: ['a'], phone: '1' }));
    await stepsOf(() => api.put('/crm/orders/O-7', { amount: 5 }));
    await stepsOf(() => api.post('/crm/customers/batch', { customers: [{ customer_id: 'C-8' }, { customer_id: 'C-9', level: 'B' }] }));
    await stepsOf(() => api.delete('/crm/customers/C-8'));
    await stepsOf(() => api.delete('/crm/orders/O-8'));
  });

  it('when visitors and customers are looked for, for each other', async () => {
    const customers = app.app.get(CustomersRepository);
    expect(await stepsOf(() => customers.byContact(organization.id, 'phone_key', ['13811', '13812']))).toContain('crm_customers_phone');
    expect(await stepsOf(() => customers.byContact(organization.id, 'email_key', ['c1@example.com']))).toContain('crm_customers_email');
    const unlinked = app.app.get(UnlinkedVisitors);
    const found: string[] = [];
    expect(await stepsOf(async () => {
      for await (const rows of unlinked.withContact(organization.id, 'phone_key', ['13711', '13712'])) found.push(...rows.map(({ visitor_id }) => visitor_id));
    })).toContain('crm_unlinked_visitors_phone');
    expect(found).toHaveLength(2);
  });
});
