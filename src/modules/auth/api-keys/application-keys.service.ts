import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { DomainError } from '../../../kernel/domain-error.js';
import { mapPage } from '../../../kernel/page.js';
import type { Page } from '../../../kernel/page.js';
import type { Principal } from '../../../kernel/principal.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { AuditTrail } from '../../audit/audit.contract.js';
import { Applications } from '../applications.contract.js';
import type { ApplicationState } from '../applications.contract.js';
import { assertHolds, assertSees, scopesWithin } from '../applications/confinement.js';
import { MAX_KEYS, readExpiry, rotatedLifetimes } from '../applications/key-lifetime.js';
import type { ApiKeyEntity } from './api-key.entity.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import type { KeyOwner } from './api-keys.repository.js';
import { ApiKeysService } from './api-keys.service.js';
import { toApiKeyView, toCreatedApiKeyView } from './api-keys.view.js';
import type { ApiKeyView, CreateApiKeyDto, CreatedApiKeyView, ListApiKeysDto, RotateApiKeyDto } from './application-keys.dto.js';
import { assertCanBeRotated } from './rotatable.js';

/** The keys of applications, made and ended by those who manage them. */
@Injectable()
export class ApplicationKeysService {
  constructor(
    private readonly keys: ApiKeysRepository,
    private readonly apiKeys: ApiKeysService,
    private readonly applications: Applications,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
  ) {}

  async create(principal: Principal, applicationId: string, input: CreateApiKeyDto): Promise<CreatedApiKeyView> {
    const expiresAt = readExpiry(input.expires_at, this.clock.now());
    return this.unitOfWork.run(async () => {
      const application = await this.lock(principal, applicationId);
      const made = await this.issue(principal, application, { name: input.name, scopes: input.scopes ?? ['*'], expiresAt });
      await this.record(principal, 'api_key.created', application, made.row);
      return toCreatedView(made.row, made.key, application);
    });
  }

  async get(principal: Principal, applicationId: string, id: string): Promise<ApiKeyView> {
    const application = await this.applications.get(principal.organizationId, applicationId);
    return toView(await this.keys.get(ownerOf(application), id), application);
  }

  async list(principal: Principal, applicationId: string, page: ListApiKeysDto): Promise<Page<ApiKeyView>> {
    const application = await this.applications.get(principal.organizationId, applicationId);
    return mapPage(await this.keys.list(ownerOf(application), page), (key) => toView(key, application));
  }

  async revoke(principal: Principal, applicationId: string, id: string): Promise<void> {
    await this.unitOfWork.run(async () => {
      const application = await this.lock(principal, applicationId);
      const key = await this.keys.get(ownerOf(application), id);
      await this.keys.update(id, { revoked_at: this.clock.now() });
      this.apiKeys.changed(key);
      await this.record(principal, 'api_key.revoked', application, key);
    });
  }

  async rotate(principal: Principal, applicationId: string, id: string, input: RotateApiKeyDto): Promise<CreatedApiKeyView> {
    return this.unitOfWork.run(async () => {
      const application = await this.lock(principal, applicationId);
      const old = await this.keys.get(ownerOf(application), id);
      const now = this.clock.now();
      assertCanBeRotated(old, now);
      const { oldExpiresAt, newExpiresAt } = rotatedLifetimes(old, now, input.overlap_seconds);
      const made = await this.issue(principal, application, { name: old.name, scopes: old.scopes, expiresAt: newExpiresAt });
      await this.keys.update(id, { rotated_at: now, expires_at: oldExpiresAt });
      this.apiKeys.changed(old);
      await this.record(principal, 'api_key.rotated', application, old, { new_key_id: made.row.id });
      return toCreatedView(made.row, made.key, application);
    });
  }

  private async lock(principal: Principal, applicationId: string): Promise<ApplicationState> {
    const application = await this.applications.lock(principal.organizationId, applicationId);
    assertSees(principal, application.grant.dataScope);
    return application;
  }

  private async issue(
    principal: Principal,
    application: ApplicationState,
    key: { name: string; scopes: string[]; expiresAt: number | null },
  ): Promise<{ row: ApiKeyEntity; key: string }> {
    assertHolds(principal, scopesWithin(key.scopes, application.scopes));
    if ((await this.keys.countValid(ownerOf(application), this.clock.now())) >= MAX_KEYS) {
      throw new DomainError('conflict', 'api_key.too_many', `An application has at most ${MAX_KEYS} keys; revoke some first.`);
    }
    return this.apiKeys.issue({ organizationId: application.organizationId, applicationId: application.id, ...key });
  }

  private async record(principal: Principal, action: string, application: ApplicationState, key: ApiKeyEntity, more: Record<string, unknown> = {}): Promise<void> {
    const details = { application_id: application.id, name: key.name, hint: key.hint, ...more };
    await this.audit.record({ organizationId: application.organizationId, actor: principal, action, target: { type: 'api_key', id: key.id }, details });
  }
}

function ownerOf({ id, organizationId }: ApplicationState): KeyOwner {
  return { organizationId, applicationId: id };
}

function toView(key: ApiKeyEntity, application: ApplicationState): ApiKeyView {
  return toApiKeyView(key, scopesWithin(key.scopes, application.scopes));
}

function toCreatedView(row: ApiKeyEntity, key: string, application: ApplicationState): CreatedApiKeyView {
  return toCreatedApiKeyView(row, key, scopesWithin(row.scopes, application.scopes));
}
