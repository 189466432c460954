import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { newId } from '../../../kernel/ids.js';
import { mapPage } from '../../../kernel/page.js';
import type { Page } from '../../../kernel/page.js';
import type { Principal } from '../../../kernel/principal.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { assertMatch } from '../../../platform/http/etag.js';
import { AuditTrail, changesBetween } from '../../audit/audit.contract.js';
import { ApplicationDirectory } from './application-directory.js';
import { toState } from './application-state.js';
import type { ApplicationEntity, StoredDataScope } from './application.entity.js';
import { APPLICATION_WRITABLE } from './applications.dto.js';
import type { ApplicationView, CreateApplicationDto, DataScopeDto, ListApplicationsDto, UpdateApplicationDto } from './applications.dto.js';
import { ApplicationsRepository } from './applications.repository.js';
import { toApplicationView } from './applications.view.js';
import { assertHolds, assertSees } from './confinement.js';

@Injectable()
export class ApplicationsService {
  constructor(
    private readonly applications: ApplicationsRepository,
    private readonly directory: ApplicationDirectory,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
  ) {}

  async create(principal: Principal, input: CreateApplicationDto): Promise<ApplicationView> {
    const now = this.clock.now();
    const application: ApplicationEntity = {
      id: newId('application'),
      organization_id: principal.organizationId,
      name: input.name,
      scopes: input.scopes,
      ip_allowlist: input.ip_allowlist ?? [],
      rate_limit: input.rate_limit ?? null,
      data_scope: toStored(input.data_scope ?? null),
      enabled: input.enabled ?? true,
      created_at: now,
      updated_at: now,
    };
    assertMayGive(principal, null, application);
    await this.unitOfWork.run(async () => {
      await this.applications.insert(application);
      await this.record(principal, 'application.created', null, application);
    });
    return toApplicationView(application);
  }

  async get(principal: Principal, id: string): Promise<ApplicationView> {
    return toApplicationView(await this.applications.get(principal.organizationId, id));
  }

  async list(principal: Principal, filter: ListApplicationsDto): Promise<Page<ApplicationView>> {
    return mapPage(await this.applications.list(principal.organizationId, filter), toApplicationView);
  }

  async update(principal: Principal, id: string, input: UpdateApplicationDto, ifMatch?: string): Promise<ApplicationView> {
    return this.unitOfWork.run(async () => {
      const before = await this.getForChange(principal, id, ifMatch);
      const wanted: Partial<ApplicationEntity> = { ...input, ...(input.data_scope !== undefined && { data_scope: toStored(input.data_scope) }) } as Partial<ApplicationEntity>;
      const after: ApplicationEntity = { ...before, ...wanted };
      if (JSON.stringify(after) === JSON.stringify(before)) return toApplicationView(before);
      assertMayGive(principal, before, after);
      after.updated_at = this.clock.now();
      await this.applications.update(id, { ...wanted, updated_at: after.updated_at });
      await this.directory.changed(id, toState(after));
      await this.record(principal, 'application.updated', before, after);
      return toApplicationView(after);
    });
  }

  /** With all its credentials. */
  async delete(principal: Principal, id: string, ifMatch?: string): Promise<void> {
    await this.unitOfWork.run(async () => {
      const before = await this.getForChange(principal, id, ifMatch);
      await this.directory.changed(id, null);
      await this.applications.delete(id);
      await this.record(principal, 'application.deleted', before, null);
    });
  }

  private async getForChange(principal: Principal, id: string, ifMatch: string | undefined): Promise<ApplicationEntity> {
    const before = await this.applications.getForUpdate(principal.organizationId, id);
    assertSees(principal, toState(before).grant.dataScope);
    assertMatch(ifMatch, toApplicationView(before), APPLICATION_WRITABLE);
    return before;
  }

  private async record(principal: Principal, action: string, before: ApplicationEntity | null, after: ApplicationEntity | null): Promise<void> {
    const { id, organization_id } = (after ?? before)!;
    const changes = after === null ? {} : changesBetween(before === null ? null : toApplicationView(before), toApplicationView(after), APPLICATION_WRITABLE);
    const details = { name: (after ?? before)!.name };
    await this.audit.record({ organizationId: organization_id, actor: principal, action, target: { type: 'application', id }, changes, details });
  }
}

/** What is there already was given by somebody else; to enable an application is to give all that it has. */
function assertMayGive(principal: Principal, before: ApplicationEntity | null, after: ApplicationEntity): void {
  const given = before !== null && (before.enabled || !after.enabled) ? before.scopes : [];
  if (!given.includes('*')) assertHolds(principal, after.scopes.filter((scope) => !given.includes(scope)));
  assertSees(principal, toState(after).grant.dataScope);
}

function toStored(dataScope: DataScopeDto | null): StoredDataScope | null {
  return dataScope === null ? null : { departments: dataScope.departments ?? [], channels: dataScope.channels ?? [], agent_ids: dataScope.agent_ids ?? [] };
}
