import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { Projections } from '../../../platform/outbox/projections.js';
import type { PositionedEvent } from '../../../platform/outbox/projections.js';
import { VisitorCustomers } from '../../visitors/visitor-customers.contract.js';
import { VisitorHoldings } from '../../visitors/visitors.contract.js';
import { CustomersRepository } from '../customers/customers.repository.js';
import type { UnlinkedVisitorEntity } from './unlinked-visitor.entity.js';
import { UnlinkedVisitors } from './unlinked-visitors.js';

export const CUSTOMER_LINKS = 'crm-links';
const STEP = 500;

type Contacts = Pick<UnlinkedVisitorEntity, 'phone_key' | 'email_key'>;

/**
 * Gives visitors who have no customer the one that alone has their phone or email, whichever of the two comes first. It
 * follows the event log: of a visitor and a customer that are written at the same moment, each in a transaction that
 * does not see the other, the one that is read second finds the first.
 */
@Injectable()
export class CustomerLinks {
  constructor(
    private readonly customers: CustomersRepository,
    private readonly unlinked: UnlinkedVisitors,
    private readonly visitors: VisitorCustomers,
    private readonly unitOfWork: UnitOfWork,
    projections: Projections,
    holdings: VisitorHoldings,
  ) {
    projections.register({
      name: CUSTOMER_LINKS,
      concerns: (type) => type.startsWith('visitor.') || type.startsWith('customer.'),
      apply: (organizationId, events) => this.apply(organizationId, events),
    });
    holdings.register({
      name: 'customer_links',
      move: (organizationId, fromId, toId) => this.move(organizationId, fromId, toId),
      erase: (_, visitorId) => this.erase(visitorId),
    });
  }

  /** As the rows are now: what the events say may be older. */
  private async apply(organizationId: string, events: readonly PositionedEvent[]): Promise<void> {
    const visitorIds = idsOf(events, 'visitor.', 'visitor_id');
    const customerIds = idsOf(events, 'customer.', 'customer_id');
    const contacts = await this.visitors.contactsOf(organizationId, visitorIds);
    const visitors = await this.unlinked.refresh(organizationId, visitorIds, contacts);
    await this.link(organizationId, visitors);
    const customers = await this.customers.contactsOf(organizationId, customerIds);
    await this.linkWith(organizationId, customers);
    const present = new Set(customers.map(({ customer_id }) => customer_id));
    for (const id of customerIds) if (!present.has(id)) await this.unlink(organizationId, id);
  }

  /** Of customers that have had these phones and emails and no longer do, in the open unit: another one may have them alone now. */
  giveUp(organizationId: string, contacts: readonly Contacts[]): Promise<void> {
    return this.linkWith(organizationId, contacts);
  }

  private async linkWith(organizationId: string, contacts: readonly Contacts[]): Promise<void> {
    for (const column of ['phone_key', 'email_key'] as const) {
      const keys = new Set(contacts.map((contact) => contact[column]).filter((key) => key !== null));
      for await (const found of this.unlinked.withContact(organizationId, column, [...keys])) await this.link(organizationId, found);
    }
  }

  private async link(organizationId: string, visitors: readonly UnlinkedVisitorEntity[]): Promise<void> {
    const customerOf = await this.ownersOf(organizationId, visitors);
    const linked: string[] = [];
    for (const visitor of visitors) {
      const customerId = customerOf(visitor);
      if (customerId === null) continue;
      await this.visitors.replace(organizationId, visitor.visitor_id, null, customerId);
      linked.push(visitor.visitor_id);
    }
    await this.unlinked.forget(linked);
  }

  /** Says whose contacts these are; null for nobody's, and where they are those of several. */
  private async ownersOf(organizationId: string, contacts: readonly Contacts[]): Promise<(contact: Contacts) => string | null> {
    const keys = (column: keyof Contacts): string[] => [...new Set(contacts.map((contact) => contact[column]).filter((key) => key !== null))];
    const byPhone = await this.customers.byContact(organizationId, 'phone_key', keys('phone_key'));
    const byEmail = await this.customers.byContact(organizationId, 'email_key', keys('email_key'));
    return ({ phone_key, email_key }) => {
      const found = [phone_key === null ? undefined : byPhone.get(phone_key), email_key === null ? undefined : byEmail.get(email_key)];
      const [first, ...others] = [...new Set(found.filter((owner) => owner !== undefined))];
      return others.length === 0 ? (first ?? null) : null;
    };
  }

  private async unlink(organizationId: string, customerId: string): Promise<void> {
    for (let after = ''; ; ) {
      const ids = await this.visitors.ofCustomer(organizationId, customerId, STEP, after);
      for (const id of ids) await this.visitors.replace(organizationId, id, customerId, null);
      if (ids.length < STEP) return;
      after = ids.at(-1)!;
    }
  }

  /** The one that stays keeps its own customer, and takes over the other's when it has none. */
  private async move(organizationId: string, fromId: string, toId: string): Promise<void> {
    const [from] = await this.visitors.contactsOf(organizationId, [fromId]);
    if (from !== undefined && from.customer_id !== null) await this.visitors.replace(organizationId, toId, null, from.customer_id);
    await this.unlinked.forget([fromId]);
  }

  private async erase(visitorId: string): Promise<number> {
    await this.unitOfWork.run(() => this.unlinked.forget([visitorId]));
    return 0;
  }
}

function idsOf(events: readonly PositionedEvent[], prefix: string, field: string): string[] {
  const ids = events.filter(({ type }) => type.startsWith(prefix)).map(({ data }) => data[field]);
  return [...new Set(ids.filter((id) => typeof id === 'string'))];
}
