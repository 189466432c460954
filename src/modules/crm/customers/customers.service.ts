import { Injectable } from '@nestjs/common';
import { notFound } from '../../../kernel/domain-error.js';
import { mapPage } from '../../../kernel/page.js';
import type { Page } from '../../../kernel/page.js';
import type { Principal } from '../../../kernel/principal.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { assertMatch } from '../../../platform/http/etag.js';
import { AuditTrail } from '../../audit/audit.contract.js';
import { isOwnerSeen, ownersSeenBy } from '../owner-scope.js';
import { CustomerLinks } from '../links/customer-links.js';
import { CustomerKind } from './customer-kind.js';
import type { ListCustomersDto } from './customers.dto.js';
import { CustomersRepository } from './customers.repository.js';
import { toCustomerView } from './customers.view.js';
import { CUSTOMER_WRITABLE } from './customers.view.dto.js';
import type { CustomerView } from './customers.view.dto.js';

@Injectable()
export class CustomersService {
  constructor(
    private readonly customers: CustomersRepository,
    private readonly kind: CustomerKind,
    private readonly links: CustomerLinks,
    private readonly audit: AuditTrail,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  async get(principal: Principal, customerId: string): Promise<CustomerView> {
    const customer = await this.customers.find(principal, customerId);
    if (customer === null) throw notFound('customer', customerId);
    return toCustomerView(customer);
  }

  async list(principal: Principal, filter: ListCustomersDto): Promise<Page<CustomerView>> {
    return mapPage(await this.customers.list(principal, filter), toCustomerView);
  }

  /** Its orders stay, and belong to it again if it comes back. */
  async remove(principal: Principal, customerId: string, ifMatch?: string): Promise<void> {
    await this.unitOfWork.run(async () => {
      const [customer] = await this.customers.lock(principal.organizationId, [customerId]);
      if (customer === undefined || !isOwnerSeen(ownersSeenBy(principal), customer.owner_agent_id)) throw notFound('customer', customerId);
      assertMatch(ifMatch, toCustomerView(customer), CUSTOMER_WRITABLE);
      await this.customers.remove(customer);
      this.kind.deleted(customer);
      await this.audit.record({
        organizationId: principal.organizationId, actor: principal, action: 'customer.deleted', target: { type: 'customer', id: customer.id }, details: { customer_id: customer.customer_id },
      });
      await this.links.giveUp(customer.organization_id, [customer]);
    });
  }
}
