import { Injectable } from '@nestjs/common';
import { DomainError, notFound } from '../../kernel/domain-error.js';
import type { Page } from '../../kernel/page.js';
import { keysetPage } from '../../platform/database/keyset.js';
import type { Sorting } from '../../platform/database/keyset.js';
import { isUniqueViolation } from '../../platform/database/unique-violation.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import type { ListBusinessHoursDto } from './business-hours.dto.js';
import { BusinessHoursEntity } from './business-hours.entity.js';

const SORTING: Sorting = { columns: { created_at: 'created_at', name: 'name' }, default: '-created_at', tieBreaker: 'id' };

@Injectable()
export class BusinessHoursRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  async find(organizationId: string, id: string): Promise<BusinessHoursEntity | null> {
    return this.unitOfWork.manager.findOneBy(BusinessHoursEntity, { organization_id: organizationId, id });
  }

  async get(organizationId: string, id: string): Promise<BusinessHoursEntity> {
    return found(id, await this.find(organizationId, id));
  }

  async getForUpdate(organizationId: string, id: string): Promise<BusinessHoursEntity> {
    const query = this.unitOfWork.transaction.createQueryBuilder(BusinessHoursEntity, 'hours').where({ organization_id: organizationId, id });
    if (this.unitOfWork.dialect === 'mysql') query.setLock('pessimistic_write');
    return found(id, await query.getOne());
  }

  async all(organizationId: string): Promise<BusinessHoursEntity[]> {
    return this.unitOfWork.manager.findBy(BusinessHoursEntity, { organization_id: organizationId });
  }

  async list(organizationId: string, filter: ListBusinessHoursDto): Promise<Page<BusinessHoursEntity>> {
    const query = this.unitOfWork.manager.createQueryBuilder(BusinessHoursEntity, 'hours').where('hours.organization_id = :organizationId', { organizationId });
    if (filter.name !== undefined) query.andWhere('hours.name = :name', { name: filter.name });
    return keysetPage(query, SORTING, filter);
  }

  async insert(hours: BusinessHoursEntity): Promise<void> {
    await this.refuseTakenName(hours.name, () => this.unitOfWork.transaction.insert(BusinessHoursEntity, hours as object));
  }

  async update(hours: BusinessHoursEntity): Promise<void> {
    await this.refuseTakenName(hours.name, () => this.unitOfWork.transaction.update(BusinessHoursEntity, { id: hours.id }, hours as object));
  }

  async delete(id: string): Promise<void> {
    await this.unitOfWork.transaction.delete(BusinessHoursEntity, { id });
  }

  private async refuseTakenName<T>(name: string, write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      if (!isUniqueViolation(error, 'business_hours_name', 'business_hours.organization_id, business_hours.name')) throw error;
      throw new DomainError('conflict', 'business_hours.name_taken', `There are business hours with the name ${JSON.stringify(name)} already.`);
    }
  }
}

function found(id: string, hours: BusinessHoursEntity | null): BusinessHoursEntity {
  if (hours === null) throw notFound('business_hours', id);
  return hours;
}
