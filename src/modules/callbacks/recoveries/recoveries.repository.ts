import { Injectable } from '@nestjs/common';
import { DomainError, notFound } from '../../../kernel/domain-error.js';
import type { Page, PageQuery } from '../../../kernel/page.js';
import { keysetPage } from '../../../platform/database/keyset.js';
import type { Sorting } from '../../../platform/database/keyset.js';
import { changeRows, deleteSome } from '../../../platform/database/rows.js';
import { isUniqueViolation } from '../../../platform/database/unique-violation.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { RecoveryEntity } from './recovery.entity.js';
import type { RecoveryStatus } from './recovery.entity.js';

const SORTING: Sorting = { columns: { created_at: 'created_at' }, default: '-created_at', tieBreaker: 'id' };

export type Progress = Pick<RecoveryEntity, 'done' | 'recovered' | 'seen_at' | 'seen_number'>;

@Injectable()
export class RecoveriesRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** Refused while another one of its endpoint runs. */
  async insert(recovery: RecoveryEntity): Promise<void> {
    try {
      await this.unitOfWork.transaction.insert(RecoveryEntity, recovery as object);
    } catch (error) {
      if (!isUniqueViolation(error, 'callback_recoveries_running', 'callback_recoveries.running_for')) throw error;
      throw new DomainError('conflict', 'recovery.in_progress', 'A recovery of this endpoint is running; wait for its end, or cancel it.');
    }
  }

  async get(organizationId: string, callbackId: string, id: string): Promise<RecoveryEntity> {
    const recovery = await this.unitOfWork.manager.findOneBy(RecoveryEntity, { organization_id: organizationId, callback_id: callbackId, id });
    if (recovery === null) throw notFound('recovery', id);
    return recovery;
  }

  async list(organizationId: string, callbackId: string, page: PageQuery): Promise<Page<RecoveryEntity>> {
    const query = this.unitOfWork.manager
      .createQueryBuilder(RecoveryEntity, 'recovery')
      .where('recovery.organization_id = :organizationId AND recovery.callback_id = :callbackId', { organizationId, callbackId });
    return keysetPage(query, SORTING, page);
  }

  /** Where the range begins that goes furthest back, of those of an endpoint that have run since; null without any. */
  async earliestOf(callbackId: string, runSince: number): Promise<number | null> {
    const [row] = await this.unitOfWork.query<{ earliest: number | null }>(
      'SELECT MIN(since_at) AS earliest FROM callback_recoveries WHERE callback_id = ? AND (finished_at IS NULL OR finished_at >= ?)',
      [callbackId, runSince],
    );
    const earliest = row?.earliest ?? null;
    return earliest === null ? null : Number(earliest);
  }

  /** Those that run and that no worker has claimed. */
  async unclaimed(now: number): Promise<string[]> {
    const rows = await this.unitOfWork.query<{ id: string }>(
      `SELECT id FROM callback_recoveries WHERE running_for > '' AND (claimed_until IS NULL OR claimed_until < ?)`,
      [now],
    );
    return rows.map(({ id }) => id);
  }

  /** Takes one that runs and that nobody has; null when there is nothing to take. */
  async claim(id: string, token: string, now: number, claimedUntil: number): Promise<RecoveryEntity | null> {
    const taken = await changeRows(
      this.unitOfWork,
      'UPDATE callback_recoveries SET claim_token = ?, claimed_until = ? WHERE id = ? AND running_for IS NOT NULL AND (claimed_until IS NULL OR claimed_until < ?)',
      [token, claimedUntil, id, now],
    );
    return taken === 0 ? null : this.unitOfWork.transaction.findOneBy(RecoveryEntity, { id });
  }

  /** Renews a claim and locks its recovery until the unit ends; null when it has ended, or another has claimed it. */
  async hold(id: string, token: string, claimedUntil: number): Promise<RecoveryEntity | null> {
    const held = await changeRows(
      this.unitOfWork,
      'UPDATE callback_recoveries SET claimed_until = ? WHERE id = ? AND claim_token = ? AND running_for IS NOT NULL',
      [claimedUntil, id, token],
    );
    return held === 0 ? null : this.unitOfWork.transaction.findOneBy(RecoveryEntity, { id });
  }

  async release(id: string, token: string): Promise<void> {
    await changeRows(this.unitOfWork, 'UPDATE callback_recoveries SET claim_token = NULL, claimed_until = NULL WHERE id = ? AND claim_token = ?', [id, token]);
  }

  async releaseAll(): Promise<void> {
    await changeRows(this.unitOfWork, "UPDATE callback_recoveries SET claim_token = NULL, claimed_until = NULL WHERE running_for > ''", []);
  }

  async advance(id: string, progress: Progress): Promise<void> {
    await this.unitOfWork.transaction.update(RecoveryEntity, { id }, progress);
  }

  /** Does nothing to one that has ended; false then. */
  async end(id: string, status: Exclude<RecoveryStatus, 'running'>, now: number): Promise<boolean> {
    const ended = await changeRows(
      this.unitOfWork,
      `UPDATE callback_recoveries SET status = ?, running_for = NULL, claim_token = NULL, claimed_until = NULL, finished_at = ?,
       total = CASE ? WHEN 'succeeded' THEN done ELSE total END WHERE id = ? AND running_for IS NOT NULL`,
      [status, now, status, id],
    );
    return ended > 0;
  }

  /** Deletes some of those that ended before; returns how many. */
  async deleteEnded(before: number, limit: number): Promise<number> {
    return deleteSome(this.unitOfWork, { table: 'callback_recoveries', key: 'id', where: 'finished_at < ?', parameters: [before] }, limit);
  }
}
