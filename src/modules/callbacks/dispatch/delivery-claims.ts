import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { newId, ulid } from '../../../kernel/ids.js';
import { changeRows, placeholders } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import type { RateGrant } from '../endpoints/endpoint.entity.js';
import type { StoredEvent } from '../formats/callback-format.js';
import { cutBatches } from './batching.js';
import { NO_RULES, isFree } from './dispatch-rules.js';
import type { DispatchRules } from './dispatch-rules.js';
import { DueDeliveries } from './due-deliveries.js';
import type { DeliveryRow } from './due-deliveries.js';
import { grantable, withGrant } from './rate-grants.js';

/** Deliveries that one claim looks at for batches. */
const MAX_LOOKED_AT = 4096;

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
  /** All of one batch are claimed together and go in one request. */
  batchId: string | null;
  /** Whether others wait for the end of this one. */
  ordered: boolean;
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
    private readonly due: DueDeliveries,
    private readonly clock: Clock,
  ) {}

  /** Takes what may be sent to an endpoint in up to `limit` requests. */
  async claim(callbackId: string, limit: number, leaseMs: number, rules: DispatchRules = NO_RULES): Promise<ClaimedDelivery[]> {
    const now = this.clock.now();
    const claimToken = ulid(now);
    const claimedUntil = now + leaseMs;
    const rows = await this.unitOfWork.run(async () => {
      const due = isFree(rules) ? await this.due.take(callbackId, limit) : await this.takeUnderRules(callbackId, limit, rules);
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
        batchId: rules.batch === null ? null : row.batch_id, ordered: row.conversation_id !== null,
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

  /** One claim at a time: what may be sent depends on what was claimed before, also by another process. */
  private async takeUnderRules(callbackId: string, limit: number, rules: DispatchRules): Promise<DeliveryRow[]> {
    const [endpoint] = await this.unitOfWork.query<{ rate_grants: string | null }>(
      `SELECT rate_grants FROM callback_endpoints WHERE id = ?${this.unitOfWork.forUpdate}`,
      [callbackId],
    );
    if (endpoint === undefined) return [];
    const { rateLimit } = rules;
    const grants = JSON.parse(endpoint.rate_grants ?? '[]') as RateGrant[];
    const now = this.clock.now();
    const free = rateLimit === null ? limit : Math.min(limit, grantable(rateLimit, grants, now).free);
    if (free === 0) return [];
    const requests = await this.requestsUnder(callbackId, free, rules);
    if (rateLimit !== null && requests.length > 0) {
      const remembered = JSON.stringify(withGrant(rateLimit, grants, requests.length, now));
      await this.unitOfWork.write('UPDATE callback_endpoints SET rate_grants = ? WHERE id = ?', [remembered, callbackId]);
    }
    return requests.flat();
  }

  private async requestsUnder(callbackId: string, limit: number, { ordered, batch }: DispatchRules): Promise<DeliveryRow[][]> {
    if (batch === null) return (await (ordered ? this.due.takeHeads(callbackId, limit) : this.due.take(callbackId, limit))).map((row) => [row]);
    const again = await this.due.takeBatches(callbackId, limit);
    const most = limit - again.length;
    if (most === 0) return again;
    const unbatched = await this.due.takeUnbatched(callbackId, ordered, Math.min(most * batch.max_items, MAX_LOOKED_AT));
    const made = cutBatches(unbatched, batch, ordered, most, this.clock.now());
    for (const members of made) await this.makeBatch(members, ordered);
    return [...again, ...made];
  }

  /** The members keep the order in which a retry finds them. */
  private async makeBatch(members: DeliveryRow[], ordered: boolean): Promise<void> {
    if (!ordered) members.sort((one, other) => (one.id < other.id ? -1 : 1));
    const batchId = newId('batch');
    for (const member of members) member.batch_id = batchId;
    await this.unitOfWork.write(`UPDATE callback_deliveries SET batch_id = ? WHERE id IN (${placeholders(members.length)})`, [batchId, ...members.map(({ id }) => id)]);
  }

  private async eventsOf(ids: readonly string[]): Promise<Map<string, StoredEvent>> {
    if (ids.length === 0) return new Map();
    const rows = await this.unitOfWork.query<EventRow>(`SELECT id, type, occurred_at, data FROM events WHERE id IN (${placeholders(ids.length)})`, [...ids]);
    return new Map(rows.map((row) => [row.id, { id: row.id, type: row.type, occurredAt: Number(row.occurred_at), dataJson: row.data }]));
  }
}
