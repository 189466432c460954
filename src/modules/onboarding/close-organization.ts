import { Injectable } from '@nestjs/common';
import { Clock, toInstant } from '../../kernel/clock.js';
import { DomainError } from '../../kernel/domain-error.js';
import type { Principal } from '../../kernel/principal.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { assertMatch } from '../../platform/http/etag.js';
import { AuditTrail, recordForBoth } from '../audit/audit.contract.js';
import { Callbacks } from '../callbacks/callbacks.contract.js';
import { assertIsOperator, assertSeesOrganization } from '../organizations/organization-access.contract.js';
import { Organizations } from '../organizations/organizations.contract.js';
import { ORGANIZATION_WRITABLE } from './onboarding.dto.js';
import { toOrganizationView } from './organizations.view.js';

/**
 * Ends an organization. None of its credentials is touched: whoever verifies one asks whether its organization is open. Its data
 * stays, and so does its slug.
 */
@Injectable()
export class CloseOrganization {
  constructor(
    private readonly organizations: Organizations,
    private readonly callbacks: Callbacks,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
  ) {}

  /** Does nothing to one that is closed. */
  async close(principal: Principal, id: string, ifMatch?: string): Promise<void> {
    assertSeesOrganization(principal, id);
    assertIsOperator(principal);
    await this.unitOfWork.run(async () => {
      if ((await this.organizations.get(id)).operator) {
        throw new DomainError('conflict', 'organization.operator_protected', "The operator's own organization cannot be closed.");
      }
      // In the order of everybody else: who routes refers to the organization then, and plans deliveries last.
      const isFirst = await this.organizations.endRouting(id);
      const before = await this.organizations.lock(id);
      assertMatch(ifMatch, toOrganizationView(before), ORGANIZATION_WRITABLE);
      if (!isFirst) return;
      const now = this.clock.now();
      await this.callbacks.close(id);
      await this.organizations.close(id, now);
      await recordForBoth(this.audit, id, principal, {
        action: 'organization.closed', target: { type: 'organization', id }, changes: { closed_at: { old: null, new: toInstant(now) } }, details: { slug: before.slug },
      });
    });
  }
}
