import { Injectable } from '@nestjs/common';
import { DomainError, notFound } from '../../kernel/domain-error.js';
import type { Page } from '../../kernel/page.js';
import { keysetPage } from '../../platform/database/keyset.js';
import type { Sorting } from '../../platform/database/keyset.js';
import { isUniqueViolation } from '../../platform/database/unique-violation.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { DepartmentEntity } from './department.entity.js';
import type { ListDepartmentsDto } from './departments.dto.js';

const SORTING: Sorting = { columns: { created_at: 'created_at', name: 'name' }, default: '-created_at', tieBreaker: 'id' };

@Injectable()
export class DepartmentsRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  async get(organizationId: string, id: string): Promise<DepartmentEntity> {
    return found(id, await this.unitOfWork.manager.findOneBy(DepartmentEntity, { organization_id: organizationId, id }));
  }

  async getForUpdate(organizationId: string, id: string): Promise<DepartmentEntity> {
    const query = this.unitOfWork.transaction.createQueryBuilder(DepartmentEntity, 'department').where({ organization_id: organizationId, id });
    if (this.unitOfWork.dialect === 'mysql') query.setLock('pessimistic_write');
    return found(id, await query.getOne());
  }

  async all(organizationId: string): Promise<DepartmentEntity[]> {
    return this.unitOfWork.manager.findBy(DepartmentEntity, { organization_id: organizationId });
  }

  async list(organizationId: string, filter: ListDepartmentsDto): Promise<Page<DepartmentEntity>> {
    const query = this.unitOfWork.manager
      .createQueryBuilder(DepartmentEntity, 'department')
      .where('department.organization_id = :organizationId', { organizationId });
    if (filter.name !== undefined) query.andWhere('department.name = :name', { name: filter.name });
    if (filter.business_hours_id !== undefined) query.andWhere('department.business_hours_id = :hours', { hours: filter.business_hours_id });
    if (filter.is_default !== undefined) query.andWhere(`department.default_of IS ${filter.is_default ? 'NOT ' : ''}NULL`);
    return keysetPage(query, SORTING, filter);
  }

  /** Those of the organization that have these business hours. */
  async namesWithHours(organizationId: string, hoursId: string): Promise<string[]> {
    const rows = await this.unitOfWork.query<{ name: string }>(
      'SELECT name FROM departments WHERE organization_id = ? AND business_hours_id = ? ORDER BY name LIMIT 20',
      [organizationId, hoursId],
    );
    return rows.map(({ name }) => name);
  }

  /** Organizations in which conversations are closed when nothing happens in them. */
  async organizationsThatClose(): Promise<string[]> {
    const rows = await this.unitOfWork.query<{ organization_id: string }>(
      'SELECT DISTINCT organization_id FROM departments WHERE inactivity_close_seconds IS NOT NULL ORDER BY organization_id',
    );
    return rows.map(({ organization_id }) => organization_id);
  }

  async insert(department: DepartmentEntity): Promise<void> {
    await this.refuseTakenName(department.name, () => this.unitOfWork.transaction.insert(DepartmentEntity, department as object));
  }

  async update(department: DepartmentEntity): Promise<void> {
    await this.refuseTakenName(department.name, () => this.unitOfWork.transaction.update(DepartmentEntity, { id: department.id }, department as object));
  }

  async delete(id: string): Promise<void> {
    await this.unitOfWork.transaction.delete(DepartmentEntity, { id });
  }

  /** Whichever is the default is none any more. */
  async clearDefault(organizationId: string): Promise<void> {
    await this.unitOfWork.transaction.update(DepartmentEntity, { default_of: organizationId }, { default_of: null });
  }

  private async refuseTakenName<T>(name: string, write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      if (!isUniqueViolation(error, 'departments_name', 'departments.organization_id, departments.name')) throw error;
      throw new DomainError('conflict', 'department.name_taken', `There are settings of a department ${JSON.stringify(name)} already.`);
    }
  }
}

function found(id: string, department: DepartmentEntity | null): DepartmentEntity {
  if (department === null) throw notFound('department', id);
  return department;
}
