import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { invalidField } from '../../kernel/domain-error.js';
import { newId } from '../../kernel/ids.js';
import type { Page } from '../../kernel/page.js';
import type { Principal } from '../../kernel/principal.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { assertMatch } from '../../platform/http/etag.js';
import { AuditTrail, changesBetween } from '../audit/audit.contract.js';
import { Organizations } from '../organizations/organizations.contract.js';
import { BusinessHoursRepository } from './business-hours.repository.js';
import type { DepartmentEntity } from './department.entity.js';
import { DEPARTMENT_WRITABLE } from './departments.dto.js';
import type { CreateDepartmentDto, DepartmentView, ListDepartmentsDto, UpdateDepartmentDto } from './departments.dto.js';
import { DepartmentsRepository } from './departments.repository.js';
import { toDepartmentView } from './departments.view.js';

@Injectable()
export class DepartmentsService {
  constructor(
    private readonly departments: DepartmentsRepository,
    private readonly hours: BusinessHoursRepository,
    private readonly organizations: Organizations,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
  ) {}

  async create(principal: Principal, { is_default, ...input }: CreateDepartmentDto): Promise<DepartmentView> {
    const now = this.clock.now();
    const department: DepartmentEntity = {
      id: newId('department'),
      organization_id: principal.organizationId,
      name: input.name,
      default_of: is_default === true ? principal.organizationId : null,
      description: input.description ?? null,
      skills: input.skills ?? [],
      business_hours_id: input.business_hours_id ?? null,
      off_hours: input.off_hours ?? 'queue',
      assignment_timeout_seconds: input.assignment_timeout_seconds ?? null,
      inactivity_close_seconds: input.inactivity_close_seconds ?? null,
      created_at: now,
      updated_at: now,
    };
    return this.unitOfWork.run(async () => {
      await this.prepare(department);
      await this.departments.insert(department);
      await this.record(principal, 'department.created', null, department);
      return this.view(department);
    });
  }

  async get(principal: Principal, id: string): Promise<DepartmentView> {
    return this.view(await this.departments.get(principal.organizationId, id));
  }

  async list(principal: Principal, filter: ListDepartmentsDto): Promise<Page<DepartmentView>> {
    const page = await this.departments.list(principal.organizationId, filter);
    const data: DepartmentView[] = [];
    for (const department of page.data) data.push(await this.view(department));
    return { ...page, data };
  }

  async update(principal: Principal, id: string, { is_default, ...input }: UpdateDepartmentDto, ifMatch?: string): Promise<DepartmentView> {
    return this.unitOfWork.run(async () => {
      const before = await this.getForChange(principal, id, ifMatch);
      const default_of = is_default === undefined ? before.default_of : is_default ? principal.organizationId : null;
      const after: DepartmentEntity = { ...before, ...input, default_of };
      if (JSON.stringify(after) === JSON.stringify(before)) return this.view(before);
      after.updated_at = this.clock.now();
      await this.prepare(after);
      await this.departments.update(after);
      await this.record(principal, 'department.updated', before, after);
      return this.view(after);
    });
  }

  /** Takes the settings away; who names the department goes on to. */
  async delete(principal: Principal, id: string, ifMatch?: string): Promise<void> {
    await this.unitOfWork.run(async () => {
      const before = await this.getForChange(principal, id, ifMatch);
      await this.departments.delete(id);
      await this.record(principal, 'department.deleted', before, null);
    });
  }

  private async getForChange(principal: Principal, id: string, ifMatch: string | undefined): Promise<DepartmentEntity> {
    await this.organizations.lockRouting(principal.organizationId);
    const before = await this.departments.getForUpdate(principal.organizationId, id);
    assertMatch(ifMatch, await this.view(before), DEPARTMENT_WRITABLE);
    return before;
  }

  private async prepare({ organization_id, business_hours_id, default_of }: DepartmentEntity): Promise<void> {
    await this.organizations.lockRouting(organization_id);
    if (business_hours_id !== null && (await this.hours.find(organization_id, business_hours_id)) === null) {
      throw invalidField('business_hours_id', 'business_hours.not_found', `There are no business hours ${JSON.stringify(business_hours_id)}.`);
    }
    if (default_of !== null) await this.departments.clearDefault(organization_id);
  }

  private async view(department: DepartmentEntity): Promise<DepartmentView> {
    const hours = department.business_hours_id === null ? null : await this.hours.find(department.organization_id, department.business_hours_id);
    return toDepartmentView(department, hours, this.clock.now());
  }

  private async record(principal: Principal, action: string, before: DepartmentEntity | null, after: DepartmentEntity | null): Promise<void> {
    const { id, organization_id, name } = (after ?? before)!;
    const shown = (department: DepartmentEntity): DepartmentView => toDepartmentView(department, null, 0);
    const changes = after === null ? {} : changesBetween(before === null ? null : shown(before), shown(after), DEPARTMENT_WRITABLE);
    await this.audit.record({ organizationId: organization_id, actor: principal, action, target: { type: 'department', id }, changes, details: { name } });
  }
}
