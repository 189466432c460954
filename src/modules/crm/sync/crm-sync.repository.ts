import { Injectable } from '@nestjs/common';
import { changeRows } from '../../../platform/database/rows.js';
import { isUniqueViolation } from '../../../platform/database/unique-violation.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { CrmSyncEntity } from './crm-sync.entity.js';

/** What a page has brought. */
export interface PageCount {
  stored: number;
  refused: number;
}

/** One that has not begun. */
export function newSync(organizationId: string, source: string, now: number): CrmSyncEntity {
  return {
    organization_id: organizationId, source, next_cursor: null, next_at: now, failures: 0, last_error: null, started_at: null, succeeded_at: null, pages: 0, stored: 0, refused: 0,
    claim_token: null, claimed_until: null,
  };
}

/** The row is the record of how far the import is; the claim on it lets one worker go on. */
@Injectable()
export class CrmSyncRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  async find(organizationId: string): Promise<CrmSyncEntity | null> {
    return this.unitOfWork.manager.findOneBy(CrmSyncEntity, { organization_id: organizationId });
  }

  /** Makes the row where there is none, and begins anew where the source is another one. */
  async prepare(organizationId: string, source: string, now: number): Promise<CrmSyncEntity> {
    const known = await this.find(organizationId);
    if (known?.source === source) return known;
    const fresh = newSync(organizationId, source, now);
    try {
      await this.unitOfWork.run(async () => {
        if (known === null) await this.unitOfWork.transaction.insert(CrmSyncEntity, fresh);
        else await this.unitOfWork.transaction.update(CrmSyncEntity, { organization_id: organizationId }, fresh);
      });
    } catch (error) {
      // Another worker has made it.
      if (!isUniqueViolation(error)) throw error;
    }
    return fresh;
  }

  /** Null where it is not due, or another worker is at it. */
  async claim(organizationId: string, token: string, now: number, claimedUntil: number): Promise<CrmSyncEntity | null> {
    const taken = await changeRows(
      this.unitOfWork,
      'UPDATE crm_syncs SET claim_token = ?, claimed_until = ?, started_at = ? WHERE organization_id = ? AND next_at <= ? AND (claimed_until IS NULL OR claimed_until < ?)',
      [token, claimedUntil, now, organizationId, now, now],
    );
    return taken === 0 ? null : this.unitOfWork.transaction.findOneBy(CrmSyncEntity, { organization_id: organizationId });
  }

  /** Renews the claim and locks the row until the unit ends; throws where another worker has it. */
  async hold(organizationId: string, token: string, claimedUntil: number): Promise<void> {
    const held = await changeRows(this.unitOfWork, 'UPDATE crm_syncs SET claimed_until = ? WHERE organization_id = ? AND claim_token = ?', [claimedUntil, organizationId, token]);
    if (held === 0) throw new Error('Another worker goes on with the import from the CRM.');
  }

  /** In the unit that stores the last of the page. */
  async advance(organizationId: string, nextCursor: string | null, { stored, refused }: PageCount): Promise<void> {
    await changeRows(
      this.unitOfWork,
      'UPDATE crm_syncs SET next_cursor = COALESCE(?, next_cursor), pages = pages + 1, stored = stored + ?, refused = refused + ? WHERE organization_id = ?',
      [nextCursor, stored, refused, organizationId],
    );
  }

  async succeed(organizationId: string, token: string, now: number, nextAt: number): Promise<void> {
    await this.end(organizationId, token, 'failures = 0, last_error = NULL, succeeded_at = ?, next_at = ?', [now, nextAt]);
  }

  async fail(organizationId: string, token: string, error: string, nextAt: number): Promise<void> {
    await this.end(organizationId, token, 'failures = failures + 1, last_error = ?, next_at = ?', [error.slice(0, 500), nextAt]);
  }

  /** For a process that stops in the middle: the next one goes on at once. */
  async release(organizationId: string, token: string): Promise<void> {
    await this.end(organizationId, token, 'failures = failures', []);
  }

  async releaseAll(): Promise<void> {
    await changeRows(this.unitOfWork, 'UPDATE crm_syncs SET claim_token = NULL, claimed_until = NULL WHERE claim_token IS NOT NULL', []);
  }

  private async end(organizationId: string, token: string, changes: string, parameters: readonly unknown[]): Promise<void> {
    await this.unitOfWork.run(() =>
      changeRows(this.unitOfWork, `UPDATE crm_syncs SET ${changes}, claim_token = NULL, claimed_until = NULL WHERE organization_id = ? AND claim_token = ?`, [
        ...parameters, organizationId, token,
      ]),
    );
  }
}
