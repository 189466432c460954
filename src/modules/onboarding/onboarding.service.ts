import { Injectable } from '@nestjs/common';
import type { Principal } from '../../kernel/principal.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { AuditTrail, changesBetween } from '../audit/audit.contract.js';
import { ApiKeys } from '../auth/auth.contract.js';
import { Callbacks } from '../callbacks/callbacks.contract.js';
import { assertIsOperator } from '../organizations/organization-access.contract.js';
import { Organizations } from '../organizations/organizations.contract.js';
import type { NewOrganization, Organization } from '../organizations/organizations.contract.js';
import type { CreateOrganizationDto, CreatedOrganizationView } from './onboarding.dto.js';
import { toOrganizationView } from './organizations.view.js';

@Injectable()
export class OnboardingService {
  constructor(
    private readonly organizations: Organizations,
    private readonly apiKeys: ApiKeys,
    private readonly callbacks: Callbacks,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditTrail,
  ) {}

  /** Makes a further organization; only the operator's own may. */
  async create(principal: Principal, input: CreateOrganizationDto): Promise<CreatedOrganizationView> {
    assertIsOperator(principal);
    return this.establish(principal, { slug: input.slug, name: input.name, time_zone: input.time_zone ?? 'UTC', operator: false });
  }

  /** An organization with all that belongs to it from the first moment on, and its first API key. */
  async establish(by: Principal | 'system', input: NewOrganization, key?: string): Promise<CreatedOrganizationView> {
    return this.unitOfWork.run(async () => {
      const organization = await this.organizations.create(input);
      const { id } = organization;
      await this.callbacks.prepare(id);
      const api_key = await this.apiKeys.create({ organizationId: id, name: 'first key', scopes: ['*'], key });
      await this.record(by, organization, api_key.id);
      return { ...toOrganizationView(organization), api_key };
    });
  }

  /** Where its maker finds it: who was the operator's key is nothing that the new organization is told. */
  private async record(by: Principal | 'system', organization: Organization, apiKeyId: string): Promise<void> {
    await this.audit.record({
      organizationId: by === 'system' ? organization.id : by.organizationId,
      actor: by,
      action: 'organization.created',
      target: { type: 'organization', id: organization.id },
      changes: changesBetween(null, organization, ['slug', 'name', 'time_zone']),
      details: { api_key_id: apiKeyId },
    });
  }
}
