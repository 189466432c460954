import { Injectable } from '@nestjs/common';
import { notFound } from '../../../kernel/domain-error.js';
import type { Page, PageQuery } from '../../../kernel/page.js';
import { keysetPage } from '../../../platform/database/keyset.js';
import type { Sorting } from '../../../platform/database/keyset.js';
import { changeRows } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { OauthClientEntity } from './oauth.entity.js';

const SORTING: Sorting = { columns: { created_at: 'created_at' }, default: '-created_at', tieBreaker: 'id' };

/** Where a client is: in an organization, under an application. */
export interface ClientPlace {
  organizationId: string;
  applicationId: string;
}

@Injectable()
export class OauthClientsRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  async findById(id: string): Promise<OauthClientEntity | null> {
    return this.unitOfWork.manager.findOneBy(OauthClientEntity, { id });
  }

  async get({ organizationId, applicationId }: ClientPlace, id: string): Promise<OauthClientEntity> {
    const row = await this.unitOfWork.manager.findOneBy(OauthClientEntity, { organization_id: organizationId, application_id: applicationId, id });
    if (row === null) throw notFound('oauth_client', id);
    return row;
  }

  async allOf(applicationId: string): Promise<OauthClientEntity[]> {
    return this.unitOfWork.manager.findBy(OauthClientEntity, { application_id: applicationId });
  }

  async list({ organizationId, applicationId }: ClientPlace, page: PageQuery): Promise<Page<OauthClientEntity>> {
    const query = this.unitOfWork.manager
      .createQueryBuilder(OauthClientEntity, 'client')
      .where('client.organization_id = :organizationId AND client.application_id = :applicationId', { organizationId, applicationId });
    return keysetPage(query, SORTING, page);
  }

  async insert(client: OauthClientEntity): Promise<void> {
    await this.unitOfWork.transaction.insert(OauthClientEntity, client as object);
  }

  async update(id: string, changes: Partial<OauthClientEntity>): Promise<void> {
    await this.unitOfWork.transaction.update(OauthClientEntity, { id }, changes as object);
  }

  async delete(id: string): Promise<void> {
    await this.unitOfWork.transaction.delete(OauthClientEntity, { id });
  }

  async noteUse(id: string, now: number, ifBefore: number): Promise<void> {
    await changeRows(this.unitOfWork, 'UPDATE oauth_clients SET last_used_at = ? WHERE id = ? AND (last_used_at IS NULL OR last_used_at < ?)', [now, id, ifBefore]);
  }
}
