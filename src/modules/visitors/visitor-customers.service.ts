import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { domainEvent } from '../../kernel/domain-event.js';
import { placeholders } from '../../platform/database/rows.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { Outbox } from '../../platform/outbox/outbox.js';
import { VisitorCustomers } from './visitor-customers.contract.js';
import type { VisitorContact } from './visitor-customers.contract.js';
import { VisitorsRepository } from './visitors.repository.js';
import { toVisitorView } from './visitors.view.js';

const PRESENT = 'organization_id = ? AND merged_into IS NULL AND erased_at IS NULL';

@Injectable()
export class VisitorCustomersService extends VisitorCustomers {
  constructor(
    private readonly visitors: VisitorsRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
  ) {
    super();
  }

  async contactsOf(organizationId: string, ids: readonly string[]): Promise<VisitorContact[]> {
    if (ids.length === 0) return [];
    return this.unitOfWork.query(`SELECT id, mobile, email, customer_id FROM visitors WHERE ${PRESENT} AND id IN (${placeholders(ids.length)})`, [organizationId, ...ids]);
  }

  async ofCustomer(organizationId: string, customerId: string, limit: number, after = ''): Promise<string[]> {
    const rows = await this.unitOfWork.query<{ id: string }>(
      `SELECT id FROM visitors WHERE ${PRESENT} AND customer_id = ? AND id > ? ORDER BY id LIMIT ?`,
      [organizationId, customerId, after, limit],
    );
    return rows.map(({ id }) => id);
  }

  async replace(organizationId: string, visitorId: string, known: string | null, customerId: string | null): Promise<boolean> {
    return this.unitOfWork.run(async () => {
      if ((await this.visitors.find(organizationId, visitorId))?.id !== visitorId) return false;
      const visitor = await this.visitors.getForUpdate(organizationId, visitorId);
      if (visitor.id !== visitorId || visitor.customer_id !== known || known === customerId) return false;
      const now = this.clock.now();
      const after = { ...visitor, customer_id: customerId, updated_at: now };
      await this.visitors.update(after, { customer_id: customerId, updated_at: now });
      this.outbox.append(domainEvent(organizationId, 'visitor.updated', now, { visitor_id: visitorId, changed: ['customer_id'], visitor: toVisitorView(after) }));
      return true;
    });
  }
}
