import { Injectable } from '@nestjs/common';
import { notFound } from '../../../kernel/domain-error.js';
import type { Page, PageQuery } from '../../../kernel/page.js';
import { keysetPage } from '../../../platform/database/keyset.js';
import type { Sorting } from '../../../platform/database/keyset.js';
import { changeRows, placeholders } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { ApiKeyEntity } from './api-key.entity.js';

const SORTING: Sorting = { columns: { created_at: 'created_at' }, default: '-created_at', tieBreaker: 'id' };

@Injectable()
export class ApiKeysRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  async findByHash(hash: string): Promise<ApiKeyEntity | null> {
    return this.unitOfWork.manager.findOneBy(ApiKeyEntity, { key_hash: hash });
  }

  /** Revoked ones are no longer shown. */
  async get(applicationId: string, id: string): Promise<ApiKeyEntity> {
    const key = await this.unitOfWork.manager
      .createQueryBuilder(ApiKeyEntity, 'api_key')
      .where({ application_id: applicationId, id })
      .andWhere('api_key.revoked_at IS NULL')
      .getOne();
    if (key === null) throw notFound('api_key', id);
    return key;
  }

  async list(applicationId: string, page: PageQuery): Promise<Page<ApiKeyEntity>> {
    const query = this.unitOfWork.manager
      .createQueryBuilder(ApiKeyEntity, 'api_key')
      .where('api_key.application_id = :applicationId', { applicationId })
      .andWhere('api_key.revoked_at IS NULL');
    return keysetPage(query, SORTING, page);
  }

  async countValid(applicationId: string, now: number): Promise<number> {
    const [row] = await this.unitOfWork.query<{ n: number | string }>(
      'SELECT COUNT(*) AS n FROM api_keys WHERE application_id = ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)',
      [applicationId, now],
    );
    return Number(row!.n);
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
    const rows = await this.unitOfWork.query<{ id: string }>('SELECT id FROM api_keys WHERE revoked_at < ? OR expires_at < ? LIMIT ?', [before, before, limit]);
    if (rows.length === 0) return 0;
    return this.unitOfWork.run(() =>
      changeRows(this.unitOfWork, `DELETE FROM api_keys WHERE id IN (${placeholders(rows.length)})`, rows.map((row) => row.id)),
    );
  }
}
