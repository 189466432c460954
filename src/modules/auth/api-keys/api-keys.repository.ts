import { Injectable } from '@nestjs/common';
import { IsNull } from 'typeorm';
import type { FindOptionsWhere } from 'typeorm';
import { notFound } from '../../../kernel/domain-error.js';
import type { Page, PageQuery } from '../../../kernel/page.js';
import { keysetPage } from '../../../platform/database/keyset.js';
import type { Sorting } from '../../../platform/database/keyset.js';
import { deleteSome } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { ApiKeyEntity } from './api-key.entity.js';

const SORTING: Sorting = { columns: { created_at: 'created_at' }, default: '-created_at', tieBreaker: 'id' };

/** Whose keys are meant: those of an application, or those that belong to none. */
export interface KeyOwner {
  organizationId: string;
  applicationId: string | null;
}

@Injectable()
export class ApiKeysRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  async findByHash(hash: string): Promise<ApiKeyEntity | null> {
    return this.unitOfWork.manager.findOneBy(ApiKeyEntity, { key_hash: hash });
  }

  /** Revoked ones are no longer shown. */
  async get(owner: KeyOwner, id: string): Promise<ApiKeyEntity> {
    const key = await this.unitOfWork.manager
      .createQueryBuilder(ApiKeyEntity, 'api_key')
      .where({ ...of(owner), id })
      .andWhere('api_key.revoked_at IS NULL')
      .getOne();
    if (key === null) throw notFound('api_key', id);
    return key;
  }

  async list(owner: KeyOwner, page: PageQuery): Promise<Page<ApiKeyEntity>> {
    // A cursor names the list that it belongs to by this.
    const alias = owner.applicationId === null ? 'organization_key' : 'api_key';
    const query = this.unitOfWork.manager.createQueryBuilder(ApiKeyEntity, alias).where(of(owner)).andWhere(`${alias}.revoked_at IS NULL`);
    return keysetPage(query, SORTING, page);
  }

  async countValid(owner: KeyOwner, now: number): Promise<number> {
    return this.unitOfWork.manager
      .createQueryBuilder(ApiKeyEntity, 'api_key')
      .where(of(owner))
      .andWhere('api_key.revoked_at IS NULL AND (api_key.expires_at IS NULL OR api_key.expires_at > :now)', { now })
      .getCount();
  }

  /** Whether the organization itself has a key with all scopes that does not end by itself. */
  async hasLasting(organizationId: string): Promise<boolean> {
    const rows = await this.unitOfWork.query(
      `SELECT id FROM api_keys
       WHERE organization_id = ? AND application_id IS NULL AND revoked_at IS NULL AND expires_at IS NULL AND scopes LIKE '%"*"%' LIMIT 1`,
      [organizationId],
    );
    return rows.length > 0;
  }

  async hashesOf(applicationId: string): Promise<string[]> {
    const rows = await this.unitOfWork.query<{ key_hash: string }>('SELECT key_hash FROM api_keys WHERE application_id = ?', [applicationId]);
    return rows.map((row) => row.key_hash);
  }

  async insert(key: ApiKeyEntity): Promise<void> {
    await this.unitOfWork.transaction.insert(ApiKeyEntity, key);
  }

  async update(id: string, changes: Partial<ApiKeyEntity>): Promise<void> {
    await this.unitOfWork.transaction.update(ApiKeyEntity, { id }, changes);
  }

  async deleteOf(applicationId: string): Promise<void> {
    await this.unitOfWork.transaction.delete(ApiKeyEntity, { application_id: applicationId });
  }

  /** Those revoked or expired before; returns how many, fewer than the limit when no more are left. */
  async deleteEnded(before: number, limit: number): Promise<number> {
    return deleteSome(this.unitOfWork, { table: 'api_keys', key: 'id', where: 'revoked_at < ? OR expires_at < ?', parameters: [before, before] }, limit);
  }
}

function of({ organizationId, applicationId }: KeyOwner): FindOptionsWhere<ApiKeyEntity> {
  return { organization_id: organizationId, application_id: applicationId ?? IsNull() };
}
