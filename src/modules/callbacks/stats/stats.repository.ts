import { Injectable } from '@nestjs/common';
import { placeholders } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';

/** What one look at an endpoint costs at the most. */
export const MAX_DELIVERIES = 5000;
export const MAX_ATTEMPTS = 10_000;
export const MAX_PENDING = 10_000;
const CHUNK = 500;

export interface AttemptRow {
  number: number;
  started_at: number;
  duration_ms: number;
  status_code: number | null;
  error_class: string | null;
}

/** Reads along indexes and within bounds: an endpoint may have millions of deliveries. */
@Injectable()
export class StatsRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** Attempts begun since `since`, of the newest deliveries whose events happened since `madeSince`. */
  async attempts(callbackId: string, madeSince: number, since: number): Promise<{ rows: AttemptRow[]; sampled: boolean }> {
    const deliveries = await this.unitOfWork.query<{ id: string }>(
      'SELECT id FROM callback_deliveries WHERE callback_id = ? AND created_at >= ? ORDER BY created_at DESC, id DESC LIMIT ?',
      [callbackId, madeSince, MAX_DELIVERIES + 1],
    );
    const rows: AttemptRow[] = [];
    for (let start = 0; start < Math.min(deliveries.length, MAX_DELIVERIES) && rows.length < MAX_ATTEMPTS; start += CHUNK) {
      const ids = deliveries.slice(start, Math.min(start + CHUNK, MAX_DELIVERIES)).map(({ id }) => id);
      rows.push(...(await this.attemptsOf(ids, since, MAX_ATTEMPTS - rows.length)));
    }
    return { rows, sampled: deliveries.length > MAX_DELIVERIES || rows.length >= MAX_ATTEMPTS };
  }

  async errorMessageOf(attempt: AttemptRow): Promise<string | null> {
    const [row] = await this.unitOfWork.query<{ error_message: string | null }>('SELECT error_message FROM callback_attempts WHERE number = ?', [attempt.number]);
    return row?.error_message ?? null;
  }

  /** Deliveries that still have something due, the longest due of them where there are more than can be counted. */
  async pending(callbackId: string): Promise<{ count: number; oldestAt: number | null }> {
    const [row] = await this.unitOfWork.query<{ count: number; oldest: number | null }>(
      `SELECT COUNT(*) AS count, MIN(created_at) AS oldest FROM
       (SELECT created_at FROM callback_deliveries WHERE callback_id = ? AND due_at > 0 ORDER BY due_at LIMIT ?) outstanding`,
      [callbackId, MAX_PENDING],
    );
    return { count: Number(row!.count), oldestAt: row!.oldest === null ? null : Number(row!.oldest) };
  }

  private async attemptsOf(deliveryIds: readonly string[], since: number, limit: number): Promise<AttemptRow[]> {
    const rows = await this.unitOfWork.query<AttemptRow>(
      `SELECT number, started_at, duration_ms, status_code, error_class FROM callback_attempts
       WHERE delivery_id IN (${placeholders(deliveryIds.length)}) AND started_at >= ? LIMIT ?`,
      [...deliveryIds, since, limit],
    );
    return rows.map((row) => ({ ...row, number: Number(row.number), started_at: Number(row.started_at) }));
  }
}
