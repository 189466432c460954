import { Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { Clock } from '../../../kernel/clock.js';
import { newId } from '../../../kernel/ids.js';
import { Cache } from '../../../platform/cache/cache.js';
import { Invalidation } from '../../../platform/cache/invalidation.js';
import { sha256 } from '../../../platform/crypto/hash.js';
import { changeRows, deleteSome } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { AuditTrail } from '../../audit/audit.contract.js';
import { Sessions } from '../auth.contract.js';
import { RefreshTokenEntity } from './token.entity.js';

const LIFETIME_MS = 30 * 24 * 60 * 60 * 1000;
const TOPIC = 'session';
const CACHE = { max: 10_000, ttlMs: 10_000 };

export interface IssuedToken {
  token: string;
  /** The log-in that it belongs to, over all rotations. */
  sessionId: string;
}

/**
 * Rotating refresh tokens: each is used once, and the second use of one ends the log-in that it came from: all tokens
 * of a log-in are revoked together.
 */
@Injectable()
export class RefreshTokens extends Sessions {
  private readonly alive: Cache<{ agentId: string }>;
  private readonly steps: ((agentId: string) => Promise<void>)[] = [];

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly invalidation: Invalidation,
    private readonly audit: AuditTrail,
  ) {
    super();
    this.alive = new Cache(TOPIC, invalidation, CACHE);
  }

  async issue(organizationId: string, agentId: string, sessionId: string = newId('tokenFamily')): Promise<IssuedToken> {
    const token = `cdr_${randomBytes(32).toString('base64url')}`;
    const now = this.clock.now();
    await this.unitOfWork.run(() =>
      this.unitOfWork.transaction.insert(RefreshTokenEntity, {
        id: newId('refreshToken'), organization_id: organizationId, agent_id: agentId, family_id: sessionId,
        token_hash: sha256(token), created_at: now, expires_at: now + LIFETIME_MS, used_at: null, revoked_at: null,
      }),
    );
    return { token, sessionId };
  }

  /** Exchanges a token for the next one of its family; null when it cannot be used. */
  async rotate(token: string): Promise<(IssuedToken & { agentId: string }) | null> {
    return this.unitOfWork.run(async () => {
      const [row] = await this.unitOfWork.query<RefreshTokenEntity>(
        `SELECT * FROM refresh_tokens WHERE token_hash = ?${this.unitOfWork.forUpdate}`,
        [sha256(token)],
      );
      const now = this.clock.now();
      if (row === undefined || row.revoked_at !== null || Number(row.expires_at) < now) return null;
      if (row.used_at !== null) {
        await this.revoke(row.agent_id, [row.family_id]);
        const { organization_id, agent_id } = row;
        await this.audit.record({ organizationId: organization_id, actor: 'anonymous', action: 'auth.refresh_reused', target: { type: 'agent', id: agent_id } });
        return null;
      }
      await changeRows(this.unitOfWork, 'UPDATE refresh_tokens SET used_at = ? WHERE id = ?', [now, row.id]);
      return { agentId: row.agent_id, ...(await this.issue(row.organization_id, row.agent_id, row.family_id)) };
    });
  }

  /** A log-in lives until its newest token expires. */
  async isAlive(agentId: string, sessionId: string): Promise<boolean> {
    const known = await this.alive.get(keyOf(agentId, sessionId), async () => {
      const [row] = await this.unitOfWork.query(
        'SELECT id FROM refresh_tokens WHERE family_id = ? AND agent_id = ? AND revoked_at IS NULL AND expires_at >= ? LIMIT 1',
        [sessionId, agentId, this.clock.now()],
      );
      return row === undefined ? null : { agentId };
    });
    return known !== null;
  }

  async revokeAll(agentId: string): Promise<void> {
    await this.revokeOthers(agentId, null);
  }

  /** All log-ins of the agent but this one. */
  async revokeOthers(agentId: string, sessionId: string | null): Promise<void> {
    await this.unitOfWork.run(async () => {
      const families = await this.unitOfWork.query<{ family_id: string }>(
        'SELECT DISTINCT family_id FROM refresh_tokens WHERE agent_id = ? AND revoked_at IS NULL',
        [agentId],
      );
      await this.revoke(agentId, families.map(({ family_id }) => family_id).filter((id) => id !== sessionId));
      for (const step of this.steps) await step(agentId);
    });
  }

  /** Runs inside of the unit in which an agent's log-ins end, for log-ins of other kinds to end with them. */
  whenRevoked(step: (agentId: string) => Promise<void>): void {
    this.steps.push(step);
  }

  async revokeSession(agentId: string, sessionId: string): Promise<void> {
    await this.unitOfWork.run(() => this.revoke(agentId, [sessionId]));
  }

  /**
   * Used and revoked tokens stay until they expire: a second use has to be noticed until then. Returns how many; fewer
   * than the limit when no more are left.
   */
  async deleteExpired(limit: number): Promise<number> {
    return deleteSome(this.unitOfWork, { table: 'refresh_tokens', key: 'id', where: 'expires_at < ?', parameters: [this.clock.now()] }, limit);
  }

  /** Told on every instance of the agent whose log-in has ended. */
  onEnd(listener: (agentId: string) => void): void {
    this.invalidation.onInvalidate((topic, key) => {
      if (topic === TOPIC) listener(key.split('/', 1)[0]!);
    });
  }

  private async revoke(agentId: string, sessionIds: readonly string[]): Promise<void> {
    const now = this.clock.now();
    for (const sessionId of sessionIds) {
      await changeRows(this.unitOfWork, 'UPDATE refresh_tokens SET revoked_at = ? WHERE family_id = ? AND revoked_at IS NULL', [now, sessionId]);
      this.unitOfWork.afterCommit(() => this.alive.forget(keyOf(agentId, sessionId)));
    }
  }
}

function keyOf(agentId: string, sessionId: string): string {
  return `${agentId}/${sessionId}`;
}
