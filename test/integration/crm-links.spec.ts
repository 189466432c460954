import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CUSTOMER_LINKS } from '../../src/modules/crm/links/customer-links.js';
import { HoldingRegistry } from '../../src/modules/visitors/visitor-holdings.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { Projections } from '../../src/platform/outbox/projections.js';
import { aConversation, aLogin, aMessage, anOrganization, created, during } from '../support/desk.js';
import type { Resource } from '../support/desk.js';
import { startTestApp } from '../support/start-test-app.js';
import type { Caller, TestApp } from '../support/start-test-app.js';

let app: TestApp;
let api: Caller;
let organization: Resource;

beforeAll(async () => {
  // No worker may be ahead of the test.
  app = await startTestApp({ env: { ROLES: 'api' } });
}, 60_000);

beforeEach(async () => {
  ({ api, organization } = await anOrganization(app));
});

afterAll(() => app.close());

const aVisitor = (over: Record<string, unknown> = {}): Promise<Resource> => created(api.post('/visitors', over));
const aCustomer = (customer_id: string, over: Record<string, unknown> = {}): Promise<Resource> => created(api.post('/crm/customers', { customer_id, ...over }));

async function follow(): Promise<void> {
  await app.app.get(Projections).catchUp(CUSTOMER_LINKS, organization.id);
}

async function customerOf(visitor: Resource): Promise<string | null> {
  await follow();
  return (await api.get(`/visitors/${visitor.id}`)).body.customer_id;
}

describe('a visitor without a customer', () => {
  it.each([
    ['phone', { mobile: '+86 138-0013-8000' }, { phone: '0086 138 0013 8000' }],
    ['email', { email: 'Zhang.San@example.com' }, { email: 'zhang.san@EXAMPLE.com' }],
  ])('is linked by its %s, whichever of the two comes first', async (_, ofVisitor, ofCustomer) => {
    const early = await aVisitor(ofVisitor);
    await follow();
    await aCustomer('C-1', ofCustomer);
    const late = await aVisitor(ofVisitor);
    expect([await customerOf(early), await customerOf(late)]).toEqual(['C-1', 'C-1']);
  });

  it('is linked when either is changed to match, and told of once', async () => {
    const [one, two] = [await aVisitor({ name: 'one' }), await aVisitor({ mobile: '13800138001' })];
    await aCustomer('C-1', { phone: '13800138000' });
    await follow();
    const { events } = await during(api, async () => {
      await api.put(`/visitors/${one.id}`, { mobile: '138 0013 8000' });
      expect(await customerOf(one)).toBe('C-1');
      await api.put('/crm/customers/C-1', { phone: '13800138001' });
      expect(await customerOf(two)).toBe('C-1');
      await follow();
    });
    const links = events.filter(({ event, data }) => event === 'visitor.updated' && data['changed'].includes('customer_id'));
    expect(links.map(({ data }) => [data['visitor_id'], data['changed'], data['visitor'].customer_id])).toEqual([[one.id, ['customer_id'], 'C-1'], [two.id, ['customer_id'], 'C-1']]);
    // The first keeps its customer, though the number is another one now.
    expect(await customerOf(one)).toBe('C-1');
  });

  it('is left alone where it could be several', async () => {
    await aCustomer('C-1', { phone: '13800138000', email: 'one@example.com' });
    await aCustomer('C-2', { phone: '13800138000', email: 'two@example.com' });
    const [shared, torn, told] = [await aVisitor({ mobile: '13800138000' }), await aVisitor({ mobile: '13800138000', email: 'one@example.com' }), await aVisitor({ email: 'one@example.com' })];
    expect([await customerOf(shared), await customerOf(torn), await customerOf(told)]).toEqual([null, null, 'C-1']);
    await api.put('/crm/customers/C-2', { phone: null });
    expect([await customerOf(shared), await customerOf(torn)]).toEqual(['C-1', 'C-1']);
  });

  it('is linked also when several others give its phone up at once', async () => {
    for (let round = 0; round < 5; round++) {
      const phone = `1380013800${round}`;
      const ids = Array.from({ length: 5 }, (_, index) => `C-${round}-${index}`);
      for (const id of ids) await aCustomer(id, { phone });
      const visitor = await aVisitor({ mobile: phone });
      expect(await customerOf(visitor)).toBeNull();
      const answers = await Promise.all(ids.slice(1).map((id, index) => (index % 2 === 0 ? api.delete(`/crm/customers/${id}`) : api.put(`/crm/customers/${id}`, { phone: null }))));
      for (const { status } of answers) expect(status).toBeLessThan(300);
      expect(await customerOf(visitor)).toBe(ids[0]);
    }
  });

  it.each([
    ['is deleted', () => api.delete('/crm/customers/C-2')],
    ['gets other ones, in a batch', () => api.post('/crm/customers/batch', { customers: [{ customer_id: 'C-2', phone: '13800138002', email: 'two@example.com' }] })],
  ])('is linked when the other customer with its phone and email %s', async (_, giveUp) => {
    for (const id of ['C-1', 'C-2']) await aCustomer(id, { phone: '13800138000', email: 'one@example.com' });
    const visitors = [await aVisitor({ mobile: '13800138000' }), await aVisitor({ email: 'one@example.com' })];
    for (const visitor of visitors) expect(await customerOf(visitor)).toBeNull();
    expect((await giveUp()).status).toBeLessThan(300);
    for (const visitor of visitors) expect(await customerOf(visitor)).toBe('C-1');
  });

  it('is left alone where nothing whole matches', async () => {
    await aCustomer('C-1', { phone: '110', email: null });
    expect(await customerOf(await aVisitor({ mobile: '110' }))).toBeNull();
  });

  it('and a customer that are made at the same moment find each other', async () => {
    const pairs = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const phone = `1390000${String(index).padStart(4, '0')}`;
        const [visitor] = await Promise.all([aVisitor({ mobile: phone }), aCustomer(`C-${index}`, { phone })]);
        return [visitor, `C-${index}`] as const;
      }),
    );
    for (const [visitor, customerId] of pairs) expect(await customerOf(visitor)).toBe(customerId);
  });
});

describe('a visitor with a customer', () => {
  it('keeps the one that was named, known or not', async () => {
    const named = await aVisitor({ customer_id: 'C-9', mobile: '13800138000' });
    await aCustomer('C-1', { phone: '13800138000' });
    expect(await customerOf(named)).toBe('C-9');
  });

  it('has none when that is deleted, and may be found by another then', async () => {
    const [named, found] = [await aVisitor({ customer_id: 'C-1' }), await aVisitor({ mobile: '13800138000' })];
    await aCustomer('C-1', { phone: '13800138000' });
    expect(await customerOf(found)).toBe('C-1');
    await api.delete('/crm/customers/C-1');
    expect([await customerOf(named), await customerOf(found)]).toEqual([null, null]);
    await aCustomer('C-2', { phone: '13800138000' });
    expect([await customerOf(named), await customerOf(found)]).toEqual([null, 'C-2']);
  });

  it('gives it to the one that it is merged into, if that has none', async () => {
    const [from, to, other] = [await aVisitor({ customer_id: 'C-1' }), await aVisitor({ mobile: '13800138000' }), await aVisitor({ customer_id: 'C-2' })];
    await follow();
    const unitOfWork = app.app.get(UnitOfWork);
    const holding = app.app.get(HoldingRegistry).all.find(({ name }) => name === 'customer_links')!;
    await unitOfWork.run(() => holding.move(organization.id, from.id, to.id));
    expect(await customerOf(to)).toBe('C-1');
    await unitOfWork.run(() => holding.move(organization.id, to.id, other.id));
    expect(await customerOf(other)).toBe('C-2');
  });

  it('leaves nothing to be found by once it is erased', async () => {
    const visitor = await aVisitor({ mobile: '13800138000' });
    await follow();
    const unitOfWork = app.app.get(UnitOfWork);
    const kept = (): Promise<unknown[]> => unitOfWork.query('SELECT * FROM crm_unlinked_visitors WHERE visitor_id = ?', [visitor.id]);
    expect(await kept()).toHaveLength(1);
    const holding = app.app.get(HoldingRegistry).all.find(({ name }) => name === 'customer_links')!;
    expect(await holding.erase(organization.id, visitor.id, 100)).toBeLessThan(100);
    expect(await kept()).toEqual([]);
  });
});

describe('the conversations of a customer', () => {
  it('are those of its visitors, as far as the caller may see them', async () => {
    const customers = app.api;
    const id = `C-${organization.id}`;
    await created(customers.post('/crm/customers', { customer_id: id }));
    const visitors = [await created(customers.post('/visitors', { customer_id: id })), await created(customers.post('/visitors', { customer_id: id }))];
    const conversations = [
      await aConversation(customers, { visitor: undefined, visitor_id: visitors[0]!.id, department: 'links-a' }),
      await aConversation(customers, { visitor: undefined, visitor_id: visitors[1]!.id, department: 'links-b' }),
    ];
    await aMessage(customers, conversations[0]!);
    await aConversation(customers);
    const of = async (as: Caller, query = ''): Promise<string[]> => (await as.get(`/crm/customers/${id}/conversations?${query}`)).body.data.map((each: Resource) => each.id);
    expect(await of(customers)).toEqual([conversations[1]!.id, conversations[0]!.id]);
    expect(await of(customers, 'status=closed')).toEqual([]);
    const supervisor = await aLogin(app, { role: 'supervisor', department: 'links-a' });
    expect(await of(supervisor.as)).toEqual([conversations[0]!.id]);
    const [whole] = (await customers.get(`/crm/customers/${id}/conversations`)).body.data;
    expect(whole).toEqual((await customers.get(`/conversations/${conversations[1]!.id}`)).body);
    expect((await customers.get('/crm/customers/nobody/conversations')).body.code).toBe('customer.not_found');
    await created(customers.post('/crm/customers', { customer_id: `${id}-alone` }));
    expect((await customers.get(`/crm/customers/${id}-alone/conversations`)).body.data).toEqual([]);
  });
});

describe('the tickets of a customer', () => {
  it('are those that name it', async () => {
    await aCustomer('C-1');
    const ticket = await created(api.post('/tickets', { title: 'Where is my parcel?', customer_id: 'C-1' }));
    await created(api.post('/tickets', { title: 'Another', customer_id: 'C-2' }));
    const { body } = await api.get('/crm/customers/C-1/tickets');
    expect(body.data.map(({ id }: Resource) => id)).toEqual([ticket.id]);
    expect((await api.get('/crm/customers/C-2/tickets')).body.code).toBe('customer.not_found');
  });
});
