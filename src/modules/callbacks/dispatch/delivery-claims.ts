import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { ulid } from '../../../kernel/ids.js';
import { changeRows, placeholders } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import type { StoredEvent } from '../formats/callback-format.js';

export interface ClaimedDelivery {
  id: string;
  organizationId: string;
  callbackId: string;
  event: StoredEvent;
  attemptCount: number;
  scheduleIndex: number;
  claimToken: string;
  /** After this another pump may claim it. */
  claimedUntil: number;
}

interface DeliveryRow {
  id: string;
  organization_id: string;
  event_id: string;
  attempt_count: number;
  schedule_index: number;
}

interface EventRow {
  id: string;
  type: string;
  occurred_at: number;
  data: string;
}

/**
 * Who may send what, as rows: a claim names its taker and ends by itself, so that whatever a dead process had taken
 * is taken again by another.
 */
@Injectable()
export class DeliveryClaims {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** Takes up to `limit` due deliveries of an endpoint, the longest due first, passing over those that others are taking. */
  async claim(callbackId: string, limit: number, leaseMs: number): Promise<ClaimedDelivery[]> {
    const now = this.clock.now();
    const claimToken = ulid(now);
    const claimedUntil = now + leaseMs;
    const rows = await this.unitOfWork.run(async () => {
      const due = await this.unitOfWork.query<DeliveryRow>(
        `SELECT id, organization_id, event_id, attempt_count, schedule_index FROM callback_deliveries
         WHERE callback_id = ? AND due_at <= ? ORDER BY due_at LIMIT ?${this.skipLocked}`,
        [callbackId, now, limit],
      );
      if (due.length === 0) return due;
      await this.unitOfWork.write(
        `UPDATE callback_deliveries SET status = 'delivering', claim_token = ?, due_at = ? WHERE id IN (${placeholders(due.length)})`,
        [claimToken, claimedUntil, ...due.map((row) => row.id)],
      );
      return due;
    });
    const events = await this.eventsOf(rows.map((row) => row.event_id));
    await this.discard(rows.filter((row) => !events.has(row.event_id)), claimToken);
    return rows.flatMap((row) => {
      const event = events.get(row.event_id);
      if (event === undefined) return [];
      return [{
        id: row.id, organizationId: row.organization_id, callbackId, event,
        attemptCount: row.attempt_count, scheduleIndex: row.schedule_index, claimToken, claimedUntil,
      }];
    });
  }

  /** Gives back what was claimed and not begun. */
  async release(deliveries: readonly ClaimedDelivery[]): Promise<void> {
    if (deliveries.length === 0) return;
    const tokens = [...new Set(deliveries.map((delivery) => delivery.claimToken))];
    await this.unitOfWork.run(() =>
      changeRows(
        this.unitOfWork,
        `UPDATE callback_deliveries SET status = CASE attempt_count WHEN 0 THEN 'pending' ELSE 'failed' END, claim_token = NULL, due_at = ?
         WHERE id IN (${placeholders(deliveries.length)}) AND claim_token IN (${placeholders(tokens.length)})`,
        [this.clock.now(), ...deliveries.map((delivery) => delivery.id), ...tokens],
      ),
    );
  }

  /** Makes everything that is claimed due at once, whoever claimed it. */
  async releaseAll(): Promise<void> {
    const now = this.clock.now();
    await this.unitOfWork.run(() =>
      changeRows(
        this.unitOfWork,
        `UPDATE callback_deliveries SET status = CASE attempt_count WHEN 0 THEN 'pending' ELSE 'failed' END, claim_token = NULL, due_at = ?
         WHERE status = 'delivering' AND due_at > ? AND callback_id IN (SELECT id FROM callback_endpoints)`,
        [now, now],
      ),
    );
  }

  async hasDue(callbackId: string): Promise<boolean> {
    const rows = await this.unitOfWork.query('SELECT 1 AS found FROM callback_deliveries WHERE callback_id = ? AND due_at <= ? LIMIT 1', [callbackId, this.clock.now()]);
    return rows.length > 0;
  }

  /** When something of this endpoint is due next: an attempt, or the end of somebody's claim. */
  async nextDueAt(callbackId: string): Promise<number | null> {
    const [row] = await this.unitOfWork.query<{ due_at: number }>(
      'SELECT due_at FROM callback_deliveries WHERE callback_id = ? AND due_at > 0 ORDER BY due_at LIMIT 1',
      [callbackId],
    );
    return row === undefined ? null : Number(row.due_at);
  }

  /** Endpoints with something due that a pump should look at. */
  async dueEndpoints(): Promise<string[]> {
    const rows = await this.unitOfWork.query<{ id: string }>(
      `SELECT e.id FROM callback_endpoints e WHERE e.enabled = 1
       AND EXISTS (SELECT 1 FROM callback_deliveries d WHERE d.callback_id = e.id AND d.due_at <= ?)`,
      [this.clock.now()],
    );
    return rows.map((row) => row.id);
  }

  /** Without its event, which the end of its retention has removed, there is nothing left to send. */
  private async discard(rows: readonly DeliveryRow[], claimToken: string): Promise<void> {
    if (rows.length === 0) return;
    await this.unitOfWork.run(() =>
      changeRows(
        this.unitOfWork,
        `UPDATE callback_deliveries SET status = 'discarded', due_at = NULL, claim_token = NULL WHERE id IN (${placeholders(rows.length)}) AND claim_token = ?`,
        [...rows.map((row) => row.id), claimToken],
      ),
    );
  }

  private get skipLocked(): string {
    return this.unitOfWork.dialect === 'mysql' ? ' FOR UPDATE SKIP LOCKED' : '';
  }

  private async eventsOf(ids: readonly string[]): Promise<Map<string, StoredEvent>> {
    if (ids.length === 0) return new Map();
    const rows = await this.unitOfWork.query<EventRow>(`SELECT id, type, occurred_at, data FROM events WHERE id IN (${placeholders(ids.length)})`, [...ids]);
    return new Map(rows.map((row) => [row.id, { id: row.id, type: row.type, occurredAt: Number(row.occurred_at), dataJson: row.data }]));
  }
}
