import { Injectable } from '@nestjs/common';
import { DomainError, notFound } from '../../kernel/domain-error.js';
import type { Page } from '../../kernel/page.js';
import { keysetPage } from '../../platform/database/keyset.js';
import type { Sorting } from '../../platform/database/keyset.js';
import { isUniqueViolation } from '../../platform/database/unique-violation.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { VisitorEntity } from './visitor.entity.js';
import type { ListVisitorsDto } from './visitors.dto.js';

const SORTING: Sorting = { columns: { created_at: 'created_at' }, default: '-created_at', tieBreaker: 'id' };

@Injectable()
export class VisitorsRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  async find(organizationId: string, id: string): Promise<VisitorEntity | null> {
    return this.unitOfWork.manager.findOneBy(VisitorEntity, { organization_id: organizationId, id });
  }

  async getForUpdate(organizationId: string, id: string): Promise<VisitorEntity> {
    const visitor = await this.lock({ organization_id: organizationId, id });
    if (visitor === null) throw notFound('visitor', id);
    return visitor;
  }

  async findByExternalIdForUpdate(organizationId: string, externalId: string): Promise<VisitorEntity | null> {
    return this.lock({ organization_id: organizationId, external_id: externalId });
  }

  async insert(visitor: VisitorEntity): Promise<void> {
    await this.refuseTakenId(visitor.external_id, () => this.unitOfWork.transaction.insert(VisitorEntity, visitor as object));
  }

  async update(visitor: VisitorEntity, changes: Partial<VisitorEntity>): Promise<void> {
    await this.refuseTakenId(visitor.external_id, () => this.unitOfWork.transaction.update(VisitorEntity, { id: visitor.id }, changes as object));
  }

  async list(organizationId: string, filter: ListVisitorsDto): Promise<Page<VisitorEntity>> {
    const query = this.unitOfWork.manager
      .createQueryBuilder(VisitorEntity, 'visitor')
      .where('visitor.organization_id = :organizationId', { organizationId });
    for (const field of ['external_id', 'email', 'mobile', 'customer_id'] as const) {
      if (filter[field] !== undefined) query.andWhere(`visitor.${field} = :${field}`, { [field]: filter[field] });
    }
    return keysetPage(query, SORTING, filter);
  }

  private async lock(where: Partial<VisitorEntity>): Promise<VisitorEntity | null> {
    const query = this.unitOfWork.transaction.createQueryBuilder(VisitorEntity, 'visitor').where(where);
    if (this.unitOfWork.dialect === 'mysql') query.setLock('pessimistic_write');
    return query.getOne();
  }

  private async refuseTakenId<T>(externalId: string | null, write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      if (!isUniqueViolation(error, 'visitors_external_id', 'visitors.organization_id, visitors.external_id')) throw error;
      throw new DomainError('conflict', 'visitor.external_id_taken', `There is a visitor with external_id ${JSON.stringify(externalId)} already.`);
    }
  }
}
