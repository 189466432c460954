import { Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { Clock } from '../../../kernel/clock.js';
import { newId } from '../../../kernel/ids.js';
import { sha256 } from '../../../platform/crypto/hash.js';
import { changeRows } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { Sessions } from '../auth.contract.js';
import { RefreshTokenEntity } from './token.entity.js';

const LIFETIME_MS = 30 * 24 * 60 * 60 * 1000;

/** Rotating refresh tokens: each is used once, and the second use of one ends the log-in that it came from. */
@Injectable()
export class RefreshTokens extends Sessions {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {
    super();
  }

  async issue(organizationId: string, agentId: string, familyId: string = newId('tokenFamily')): Promise<string> {
    const token = `cdr_${randomBytes(32).toString('base64url')}`;
    const now = this.clock.now();
    await this.unitOfWork.run(() =>
      this.unitOfWork.transaction.insert(RefreshTokenEntity, {
        id: newId('refreshToken'), organization_id: organizationId, agent_id: agentId, family_id: familyId,
        token_hash: sha256(token), created_at: now, expires_at: now + LIFETIME_MS, used_at: null, revoked_at: null,
      }),
    );
    return token;
  }

  /** Exchanges a token for the next one of its family; null when it cannot be used. */
  async rotate(token: string): Promise<{ agentId: string; token: string } | null> {
    return this.unitOfWork.run(async () => {
      const [row] = await this.unitOfWork.query<RefreshTokenEntity>(
        `SELECT * FROM refresh_tokens WHERE token_hash = ?${this.unitOfWork.forUpdate}`,
        [sha256(token)],
      );
      const now = this.clock.now();
      if (row === undefined || row.revoked_at !== null || Number(row.expires_at) < now) return null;
      if (row.used_at !== null) {
        await changeRows(this.unitOfWork, 'UPDATE refresh_tokens SET revoked_at = ? WHERE family_id = ? AND revoked_at IS NULL', [now, row.family_id]);
        return null;
      }
      await changeRows(this.unitOfWork, 'UPDATE refresh_tokens SET used_at = ? WHERE id = ?', [now, row.id]);
      return { agentId: row.agent_id, token: await this.issue(row.organization_id, row.agent_id, row.family_id) };
    });
  }

  async revokeAll(agentId: string): Promise<void> {
    await this.unitOfWork.run(() =>
      changeRows(this.unitOfWork, 'UPDATE refresh_tokens SET revoked_at = ? WHERE agent_id = ? AND revoked_at IS NULL', [this.clock.now(), agentId]),
    );
  }
}
