import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { mapPage } from '../../kernel/page.js';
import type { Page } from '../../kernel/page.js';
import type { Principal } from '../../kernel/principal.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { assertMatch } from '../../platform/http/etag.js';
import { AuditTrail, changesBetween, recordForBoth } from '../audit/audit.contract.js';
import { assertAdministers, assertIsOperator, assertOpen, assertSeesOrganization } from '../organizations/organization-access.contract.js';
import { Organizations } from '../organizations/organizations.contract.js';
import { ORGANIZATION_WRITABLE } from './onboarding.dto.js';
import type { ListOrganizationsDto, OrganizationView, UpdateOrganizationDto } from './onboarding.dto.js';
import { toOrganizationView } from './organizations.view.js';

/** What is known of organizations, and what of it can be changed: the slug is what log-ins and settings name, and stays. */
@Injectable()
export class OrganizationSettings {
  constructor(
    private readonly organizations: Organizations,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
  ) {}

  async list(principal: Principal, filter: ListOrganizationsDto): Promise<Page<OrganizationView>> {
    assertIsOperator(principal);
    return mapPage(await this.organizations.list(filter), toOrganizationView);
  }

  async get(principal: Principal, id: string): Promise<OrganizationView> {
    assertSeesOrganization(principal, id);
    return toOrganizationView(await this.organizations.get(id));
  }

  async update(principal: Principal, id: string, input: UpdateOrganizationDto, ifMatch?: string): Promise<OrganizationView> {
    assertAdministers(principal, id);
    return this.unitOfWork.run(async () => {
      const before = await this.organizations.lock(id);
      assertOpen(before);
      assertMatch(ifMatch, toOrganizationView(before), ORGANIZATION_WRITABLE);
      const changes = changesBetween(before, { ...before, ...input }, ORGANIZATION_WRITABLE);
      if (Object.keys(changes).length === 0) return toOrganizationView(before);
      const changed = { ...input, updated_at: this.clock.now() };
      await this.organizations.update(id, changed);
      await recordForBoth(this.audit, id, principal, { action: 'organization.updated', target: { type: 'organization', id }, changes });
      return toOrganizationView({ ...before, ...changed });
    });
  }
}
