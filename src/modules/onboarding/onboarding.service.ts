import { Injectable } from '@nestjs/common';
import { toInstant } from '../../kernel/clock.js';
import { DomainError } from '../../kernel/domain-error.js';
import type { Principal } from '../../kernel/principal.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { AuditTrail, changesBetween } from '../audit/audit.contract.js';
import { ApiKeys } from '../auth/auth.contract.js';
import { Callbacks } from '../callbacks/callbacks.contract.js';
import { Organizations } from '../organizations/organizations.contract.js';
import type { NewOrganization, Organization } from '../organizations/organizations.contract.js';
import type { CreateOrganizationDto, CreatedOrganizationView } from './onboarding.dto.js';

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
    if (!principal.operator) throw new DomainError('forbidden', 'organization.operator_only', 'Only the operator makes organizations.');
    return this.establish(principal, { slug: input.slug, name: input.name, time_zone: input.time_zone ?? 'UTC', operator: false });
  }

  /** An organization with all that belongs to it from the first moment on, and its first API key. */
  async establish(by: Principal | 'system', input: NewOrganization, key?: string): Promise<CreatedOrganizationView> {
    return this.unitOfWork.run(async () => {
      const { id, slug, name, time_zone, created_at, updated_at } = await this.organizations.create(input);
      await this.callbacks.prepare(id);
      const api_key = await this.apiKeys.create({ organizationId: id, name: 'first key', scopes: ['*'], key });
      await this.record(by, { id, slug, name, time_zone }, api_key.id);
      return { id, slug, name, time_zone, created_at: toInstant(created_at), updated_at: toInstant(updated_at), api_key };
    });
  }

  /** Where its maker finds it: who was the operator's key is nothing that the new organization is told. */
  private async record(by: Principal | 'system', { id, ...fields }: Pick<Organization, 'id' | 'slug' | 'name' | 'time_zone'>, apiKeyId: string): Promise<void> {
    await this.audit.record({
      organizationId: by === 'system' ? id : by.organizationId,
      actor: by,
      action: 'organization.created',
      target: { type: 'organization', id },
      changes: changesBetween(null, fields, ['slug', 'name', 'time_zone']),
      details: { api_key_id: apiKeyId },
    });
  }
}
