import { Injectable } from '@nestjs/common';
import { notFound } from '../../../kernel/domain-error.js';
import type { Page } from '../../../kernel/page.js';
import { keysetPage } from '../../../platform/database/keyset.js';
import type { Sorting } from '../../../platform/database/keyset.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { ApplicationEntity } from './application.entity.js';
import type { ListApplicationsDto } from './applications.dto.js';

const SORTING: Sorting = { columns: { created_at: 'created_at' }, default: '-created_at', tieBreaker: 'id' };

@Injectable()
export class ApplicationsRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  async findById(id: string): Promise<ApplicationEntity | null> {
    return this.unitOfWork.manager.findOneBy(ApplicationEntity, { id });
  }

  async get(organizationId: string, id: string): Promise<ApplicationEntity> {
    return found(id, await this.unitOfWork.manager.findOneBy(ApplicationEntity, { organization_id: organizationId, id }));
  }

  async getForUpdate(organizationId: string, id: string): Promise<ApplicationEntity> {
    const query = this.unitOfWork.transaction.createQueryBuilder(ApplicationEntity, 'application').where({ organization_id: organizationId, id });
    if (this.unitOfWork.dialect === 'mysql') query.setLock('pessimistic_write');
    return found(id, await query.getOne());
  }

  async list(organizationId: string, filter: ListApplicationsDto): Promise<Page<ApplicationEntity>> {
    const query = this.unitOfWork.manager
      .createQueryBuilder(ApplicationEntity, 'application')
      .where('application.organization_id = :organizationId', { organizationId });
    if (filter.enabled !== undefined) query.andWhere('application.enabled = :enabled', { enabled: Number(filter.enabled) });
    return keysetPage(query, SORTING, filter);
  }

  async insert(application: ApplicationEntity): Promise<void> {
    await this.unitOfWork.transaction.insert(ApplicationEntity, application as object);
  }

  async update(id: string, changes: Partial<ApplicationEntity>): Promise<void> {
    await this.unitOfWork.transaction.update(ApplicationEntity, { id }, changes as object);
  }

  async delete(id: string): Promise<void> {
    await this.unitOfWork.transaction.delete(ApplicationEntity, { id });
  }
}

function found(id: string, application: ApplicationEntity | null): ApplicationEntity {
  if (application === null) throw notFound('application', id);
  return application;
}
