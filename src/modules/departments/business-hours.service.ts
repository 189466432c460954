import { Injectable } from '@nestjs/common';
import { DateTime } from 'luxon';
import { Clock } from '../../kernel/clock.js';
import { DomainError, invalidField } from '../../kernel/domain-error.js';
import { newId } from '../../kernel/ids.js';
import { mapPage } from '../../kernel/page.js';
import type { Page } from '../../kernel/page.js';
import type { Principal } from '../../kernel/principal.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { assertMatch } from '../../platform/http/etag.js';
import { AuditTrail, changesBetween } from '../audit/audit.contract.js';
import { Organizations } from '../organizations/organizations.contract.js';
import { BUSINESS_HOURS_WRITABLE } from './business-hours.dto.js';
import type { BusinessHoursView, CreateBusinessHoursDto, ListBusinessHoursDto, UpdateBusinessHoursDto } from './business-hours.dto.js';
import type { BusinessHoursEntity } from './business-hours.entity.js';
import { BusinessHoursRepository } from './business-hours.repository.js';
import { toBusinessHoursView } from './business-hours.view.js';
import { DepartmentsRepository } from './departments.repository.js';
import type { OpenInterval } from './domain/opening-hours.js';

@Injectable()
export class BusinessHoursService {
  constructor(
    private readonly hours: BusinessHoursRepository,
    private readonly departments: DepartmentsRepository,
    private readonly organizations: Organizations,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
  ) {}

  async create(principal: Principal, input: CreateBusinessHoursDto): Promise<BusinessHoursView> {
    assertPossible(input);
    const now = this.clock.now();
    const hours: BusinessHoursEntity = {
      id: newId('businessHours'),
      organization_id: principal.organizationId,
      name: input.name,
      time_zone: input.time_zone,
      weekly: input.weekly,
      holidays: input.holidays ?? [],
      created_at: now,
      updated_at: now,
    };
    await this.unitOfWork.run(async () => {
      await this.hours.insert(hours);
      await this.record(principal, 'business_hours.created', null, hours);
    });
    return this.view(hours);
  }

  async get(principal: Principal, id: string): Promise<BusinessHoursView> {
    return this.view(await this.hours.get(principal.organizationId, id));
  }

  async list(principal: Principal, filter: ListBusinessHoursDto): Promise<Page<BusinessHoursView>> {
    return mapPage(await this.hours.list(principal.organizationId, filter), (hours) => this.view(hours));
  }

  async update(principal: Principal, id: string, input: UpdateBusinessHoursDto, ifMatch?: string): Promise<BusinessHoursView> {
    assertPossible(input);
    return this.unitOfWork.run(async () => {
      const before = await this.hours.getForUpdate(principal.organizationId, id);
      assertMatch(ifMatch, this.view(before), BUSINESS_HOURS_WRITABLE);
      const after: BusinessHoursEntity = { ...before, ...input };
      if (JSON.stringify(after) === JSON.stringify(before)) return this.view(before);
      after.updated_at = this.clock.now();
      await this.hours.update(after);
      await this.record(principal, 'business_hours.updated', before, after);
      return this.view(after);
    });
  }

  async delete(principal: Principal, id: string, ifMatch?: string): Promise<void> {
    await this.unitOfWork.run(async () => {
      // Departments are given hours under the same lock.
      await this.organizations.lockRouting(principal.organizationId);
      const before = await this.hours.getForUpdate(principal.organizationId, id);
      assertMatch(ifMatch, this.view(before), BUSINESS_HOURS_WRITABLE);
      const users = await this.departments.namesWithHours(principal.organizationId, id);
      if (users.length > 0) {
        throw new DomainError('conflict', 'business_hours.in_use', `Departments have these business hours: ${users.join(', ')}.`, { extra: { departments: users } });
      }
      await this.hours.delete(id);
      await this.record(principal, 'business_hours.deleted', before, null);
    });
  }

  private view(hours: BusinessHoursEntity): BusinessHoursView {
    return toBusinessHoursView(hours, this.clock.now());
  }

  private async record(principal: Principal, action: string, before: BusinessHoursEntity | null, after: BusinessHoursEntity | null): Promise<void> {
    const { id, organization_id, name } = (after ?? before)!;
    const changes = after === null ? {} : changesBetween(before, after, ['name', 'time_zone', 'weekly', 'holidays']);
    await this.audit.record({ organizationId: organization_id, actor: principal, action, target: { type: 'business_hours', id }, changes, details: { name } });
  }
}

function assertPossible({ weekly, holidays = [] }: UpdateBusinessHoursDto): void {
  for (const [weekday, intervals] of Object.entries(weekly ?? {}) as [string, OpenInterval[]][]) assertLasting(`weekly.${weekday}`, intervals);
  const dates = new Set<string>();
  for (const [index, { date, hours }] of holidays.entries()) {
    const field = `holidays[${index}]`;
    if (!DateTime.fromISO(date, { zone: 'utc' }).isValid) throw invalidField(`${field}.date`, 'business_hours.date_invalid', `There is no day ${date}.`);
    if (dates.has(date)) throw invalidField(`${field}.date`, 'business_hours.date_repeated', `${date} is there twice; give it all of its hours at once.`);
    dates.add(date);
    assertLasting(`${field}.hours`, hours ?? []);
  }
}

function assertLasting(field: string, intervals: readonly OpenInterval[]): void {
  const index = intervals.findIndex(({ from, to }) => from === to);
  if (index !== -1) throw invalidField(`${field}[${index}].to`, 'business_hours.interval_empty', 'An interval ends after it begins; a whole day is from 00:00 to 24:00.');
}
