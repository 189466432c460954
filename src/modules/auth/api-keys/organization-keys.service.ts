import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { DomainError } from '../../../kernel/domain-error.js';
import { mapPage } from '../../../kernel/page.js';
import type { Page } from '../../../kernel/page.js';
import type { Principal } from '../../../kernel/principal.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { AuditTrail, recordForBoth } from '../../audit/audit.contract.js';
import { assertAdministers, assertIsOperator, assertOpen } from '../../organizations/organization-access.contract.js';
import { Organizations } from '../../organizations/organizations.contract.js';
import type { Organization } from '../../organizations/organizations.contract.js';
import { MAX_KEYS, readExpiry, rotatedLifetimes } from '../applications/key-lifetime.js';
import type { ApiKeyEntity } from './api-key.entity.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import type { KeyOwner } from './api-keys.repository.js';
import { ApiKeysService } from './api-keys.service.js';
import { toApiKeyView, toCreatedApiKeyView } from './api-keys.view.js';
import type { ApiKeyView, CreatedApiKeyView, ListApiKeysDto, RotateApiKeyDto } from './application-keys.dto.js';
import type { CreateOrganizationKeyDto } from './organization-keys.dto.js';
import { assertCanBeRotated } from './rotatable.js';

/** The keys that belong to an organization itself, such as its first one: no application confines them. */
@Injectable()
export class OrganizationKeysService {
  constructor(
    private readonly keys: ApiKeysRepository,
    private readonly apiKeys: ApiKeysService,
    private readonly organizations: Organizations,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
  ) {}

  async create(principal: Principal, organizationId: string, input: CreateOrganizationKeyDto): Promise<CreatedApiKeyView> {
    assertAdministers(principal, organizationId);
    const expiresAt = readExpiry(input.expires_at, this.clock.now());
    return this.unitOfWork.run(async () => {
      const organization = await this.lock(principal, organizationId);
      const made = await this.issue(organization, { name: input.name, scopes: input.scopes ?? ['*'], expiresAt });
      await this.record(principal, 'api_key.created', made.row);
      return toCreatedApiKeyView(made.row, made.key, made.row.scopes);
    });
  }

  async get(principal: Principal, organizationId: string, id: string): Promise<ApiKeyView> {
    assertAdministers(principal, organizationId);
    const key = await this.keys.get(ownerOf(await this.organizations.get(organizationId)), id);
    return toApiKeyView(key, key.scopes);
  }

  async list(principal: Principal, organizationId: string, page: ListApiKeysDto): Promise<Page<ApiKeyView>> {
    assertAdministers(principal, organizationId);
    const organization = await this.organizations.get(organizationId);
    return mapPage(await this.keys.list(ownerOf(organization), page), (key) => toApiKeyView(key, key.scopes));
  }

  async revoke(principal: Principal, organizationId: string, id: string): Promise<void> {
    await this.unitOfWork.run(async () => {
      const organization = await this.lock(principal, organizationId);
      const key = await this.keys.get(ownerOf(organization), id);
      await this.keys.update(id, { revoked_at: this.clock.now() });
      // Nobody else could let the operator in again.
      if (organization.operator && !(await this.keys.hasLasting(organizationId))) throw lastOfOperator();
      this.apiKeys.changed(key);
      await this.record(principal, 'api_key.revoked', key);
    });
  }

  async rotate(principal: Principal, organizationId: string, id: string, input: RotateApiKeyDto): Promise<CreatedApiKeyView> {
    return this.unitOfWork.run(async () => {
      const organization = await this.lock(principal, organizationId);
      const old = await this.keys.get(ownerOf(organization), id);
      const now = this.clock.now();
      assertCanBeRotated(old, now);
      const { oldExpiresAt, newExpiresAt } = rotatedLifetimes(old, now, input.overlap_seconds);
      const made = await this.issue(organization, { name: old.name, scopes: old.scopes, expiresAt: newExpiresAt });
      await this.keys.update(id, { rotated_at: now, expires_at: oldExpiresAt });
      this.apiKeys.changed(old);
      await this.record(principal, 'api_key.rotated', old, { new_key_id: made.row.id });
      return toCreatedApiKeyView(made.row, made.key, made.row.scopes);
    });
  }

  /** A key of the operator's organization decides over all of them, so that an admin there does not make one. */
  private async lock(principal: Principal, organizationId: string): Promise<Organization> {
    assertAdministers(principal, organizationId);
    const organization = await this.organizations.lock(organizationId);
    assertOpen(organization);
    if (organization.operator) assertIsOperator(principal);
    return organization;
  }

  private async issue(organization: Organization, key: { name: string; scopes: string[]; expiresAt: number | null }): Promise<{ row: ApiKeyEntity; key: string }> {
    const owner = ownerOf(organization);
    if ((await this.keys.countValid(owner, this.clock.now())) >= MAX_KEYS) {
      throw new DomainError('conflict', 'api_key.too_many', `An organization has at most ${MAX_KEYS} keys of its own; revoke some first.`);
    }
    return this.apiKeys.issue({ ...owner, ...key });
  }

  private async record(principal: Principal, action: string, { id, organization_id, name, hint }: ApiKeyEntity, more: Record<string, unknown> = {}): Promise<void> {
    const details = { organization_id, name, hint, ...more };
    await recordForBoth(this.audit, organization_id, principal, { action, target: { type: 'api_key', id }, details });
  }
}

function ownerOf({ id }: Organization): KeyOwner {
  return { organizationId: id, applicationId: null };
}

function lastOfOperator(): DomainError {
  return new DomainError('conflict', 'api_key.last_of_operator', 'This is the last key of the operator with all scopes that does not expire; make another one first.');
}
