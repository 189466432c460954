import { Injectable } from '@nestjs/common';
import { notFound } from '../../../kernel/domain-error.js';
import type { Page, PageQuery } from '../../../kernel/page.js';
import { keysetPage } from '../../../platform/database/keyset.js';
import type { Sorting } from '../../../platform/database/keyset.js';
import { deleteSome } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { SigningKeyEntity } from './signing-key.entity.js';

const SORTING: Sorting = { columns: { created_at: 'created_at' }, default: '-created_at', tieBreaker: 'id' };

@Injectable()
export class SigningKeysRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  async findById(id: string): Promise<SigningKeyEntity | null> {
    return this.unitOfWork.manager.findOneBy(SigningKeyEntity, { id });
  }

  /** Revoked ones are no longer shown. */
  async get(applicationId: string, id: string): Promise<SigningKeyEntity> {
    const key = await this.unitOfWork.manager
      .createQueryBuilder(SigningKeyEntity, 'signing_key')
      .where({ application_id: applicationId, id })
      .andWhere('signing_key.revoked_at IS NULL')
      .getOne();
    if (key === null) throw notFound('signing_key', id);
    return key;
  }

  async list(applicationId: string, page: PageQuery): Promise<Page<SigningKeyEntity>> {
    const query = this.unitOfWork.manager
      .createQueryBuilder(SigningKeyEntity, 'signing_key')
      .where('signing_key.application_id = :applicationId', { applicationId })
      .andWhere('signing_key.revoked_at IS NULL');
    return keysetPage(query, SORTING, page);
  }

  async countValid(applicationId: string, now: number): Promise<number> {
    const [row] = await this.unitOfWork.query<{ n: number | string }>(
      'SELECT COUNT(*) AS n FROM signing_keys WHERE application_id = ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)',
      [applicationId, now],
    );
    return Number(row!.n);
  }

  async idsOf(applicationId: string): Promise<string[]> {
    const rows = await this.unitOfWork.query<{ id: string }>('SELECT id FROM signing_keys WHERE application_id = ?', [applicationId]);
    return rows.map((row) => row.id);
  }

  async insert(key: SigningKeyEntity): Promise<void> {
    await this.unitOfWork.transaction.insert(SigningKeyEntity, key);
  }

  async update(id: string, changes: Partial<SigningKeyEntity>): Promise<void> {
    await this.unitOfWork.transaction.update(SigningKeyEntity, { id }, changes);
  }

  async deleteOf(applicationId: string): Promise<void> {
    await this.unitOfWork.transaction.delete(SigningKeyEntity, { application_id: applicationId });
  }

  /** Those revoked or expired before; returns how many, fewer than the limit when no more are left. */
  async deleteEnded(before: number, limit: number): Promise<number> {
    return deleteSome(this.unitOfWork, { table: 'signing_keys', key: 'id', where: 'revoked_at < ? OR expires_at < ?', parameters: [before, before] }, limit);
  }
}
