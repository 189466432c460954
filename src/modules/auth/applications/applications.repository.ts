import { Injectable } from '@nestjs/common';
import { notFound } from '../../../kernel/domain-error.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { ApplicationEntity } from './application.entity.js';

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
}

function found(id: string, application: ApplicationEntity | null): ApplicationEntity {
  if (application === null) throw notFound('application', id);
  return application;
}
