import type { Clock } from '../../kernel/clock.js';
import { DomainError } from '../../kernel/domain-error.js';
import { ulid } from '../../kernel/ids.js';
import type { Cipher } from '../crypto/cipher.js';
import { changeRows, deleteSome } from '../database/rows.js';
import { isUniqueViolation } from '../database/unique-violation.js';
import type { UnitOfWork } from '../database/unit-of-work.js';

const KEPT_MS = 24 * 60 * 60 * 1000;
/** Longer than any request may take; after it a crashed request's key is free again. */
const LEASE_MS = 60_000;
const PURPOSE = 'idempotency answer';

export interface StoredAnswer {
  status: number;
  body: unknown;
}

export interface KeyUse {
  keyHash: string;
  organizationId: string;
  fingerprint: string;
}

interface Row {
  fingerprint: string;
  lease_token: string;
  lease_until: number;
  status: number | null;
  answer: string | null;
  expires_at: number;
}

type KeptRow = Pick<Row, 'answer'> & { key_hash: string; organization_id: string };

/** Remembers what was answered under an Idempotency-Key, in the transaction of the change itself. */
export class IdempotencyKeys {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly cipher: Cipher,
    private readonly clock: Clock,
  ) {}

  /** The stored answer, or a lease under which the request may run. Throws when the key is in use or was used otherwise. */
  async begin(use: KeyUse): Promise<{ answer: StoredAnswer } | { lease: string }> {
    try {
      return await this.unitOfWork.run(() => this.look(use));
    } catch (error) {
      // Two requests with a new key at once: the other one has it.
      if (isUniqueViolation(error)) throw stillRunning();
      throw error;
    }
  }

  /** Belongs into the unit of work of the change. Throws when the lease has lapsed and another request took over. */
  async store(keyHash: string, lease: string, answer: StoredAnswer): Promise<void> {
    const changed = await changeRows(this.unitOfWork, 'UPDATE idempotency_keys SET status = ?, answer = ? WHERE key_hash = ? AND lease_token = ? AND status IS NULL', [
      answer.status, this.cipher.encrypt(JSON.stringify(answer), PURPOSE), keyHash, lease,
    ]);
    if (changed === 0) throw stillRunning();
  }

  /** The request failed and changed nothing, so the key can be used again. */
  async release(keyHash: string, lease: string): Promise<void> {
    await this.unitOfWork.run(() =>
      changeRows(this.unitOfWork, 'DELETE FROM idempotency_keys WHERE key_hash = ? AND lease_token = ? AND status IS NULL', [keyHash, lease]),
    );
  }

  /** What an organization was answered, among the next keys after one; `last` is the last of those, null when no more are left. */
  async answersAfter(organizationId: string, keyHash: string, limit: number): Promise<{ answers: { keyHash: string; answer: StoredAnswer }[]; last: string | null }> {
    const rows = await this.unitOfWork.query<KeptRow>('SELECT key_hash, organization_id, answer FROM idempotency_keys WHERE key_hash > ? ORDER BY key_hash LIMIT ?', [keyHash, limit]);
    const answers = rows.flatMap((row) => {
      const answer = row.organization_id === organizationId ? this.readable(row.answer) : null;
      return answer === null ? [] : [{ keyHash: row.key_hash, answer }];
    });
    return { answers, last: rows.length < limit ? null : rows.at(-1)!.key_hash };
  }

  /** For an answer that is not to be given any more as it was; needs an open unit. */
  async replaceAnswer(keyHash: string, answer: StoredAnswer): Promise<void> {
    await changeRows(this.unitOfWork, 'UPDATE idempotency_keys SET answer = ? WHERE key_hash = ? AND answer IS NOT NULL', [this.cipher.encrypt(JSON.stringify(answer), PURPOSE), keyHash]);
  }

  /** Null for one that SECRET_KEY no longer opens: nobody can be given it. */
  private readable(answer: string | null): StoredAnswer | null {
    try {
      return answer === null ? null : (JSON.parse(this.cipher.decrypt(answer, PURPOSE)) as StoredAnswer);
    } catch {
      return null;
    }
  }

  /** Returns how many; fewer than the limit when no more are left. */
  async deleteExpired(limit: number): Promise<number> {
    return deleteSome(this.unitOfWork, { table: 'idempotency_keys', key: 'key_hash', where: 'expires_at < ?', parameters: [this.clock.now()] }, limit);
  }

  private async look(use: KeyUse): Promise<{ answer: StoredAnswer } | { lease: string }> {
    const now = this.clock.now();
    const [row] = await this.unitOfWork.query<Row>(`SELECT * FROM idempotency_keys WHERE key_hash = ?${this.unitOfWork.forUpdate}`, [use.keyHash]);
    const lease = ulid();
    if (row === undefined) {
      await changeRows(
        this.unitOfWork,
        'INSERT INTO idempotency_keys (key_hash, organization_id, fingerprint, lease_token, lease_until, expires_at) VALUES (?, ?, ?, ?, ?, ?)',
        [use.keyHash, use.organizationId, use.fingerprint, lease, now + LEASE_MS, now + KEPT_MS],
      );
      return { lease };
    }
    const expired = Number(row.expires_at) < now;
    if (!expired && row.fingerprint !== use.fingerprint) {
      throw new DomainError('invalid', 'idempotency.key_reused', 'This Idempotency-Key was used with another request.');
    }
    if (!expired && row.answer !== null) return { answer: JSON.parse(this.cipher.decrypt(row.answer, PURPOSE)) as StoredAnswer };
    if (row.answer === null && Number(row.lease_until) >= now) throw stillRunning();
    await changeRows(
      this.unitOfWork,
      'UPDATE idempotency_keys SET fingerprint = ?, lease_token = ?, lease_until = ?, status = NULL, answer = NULL, expires_at = ? WHERE key_hash = ?',
      [use.fingerprint, lease, now + LEASE_MS, now + KEPT_MS, use.keyHash],
    );
    return { lease };
  }
}

function stillRunning(): DomainError {
  return new DomainError('conflict', 'idempotency.in_progress', 'A request with this Idempotency-Key is still running.');
}
