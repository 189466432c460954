import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { newId, ulid } from '../../../kernel/ids.js';
import { changeRows, placeholders } from '../../../platform/database/rows.js';
import { SharedUnit } from '../../../platform/database/shared-unit.js';
import type { Outcome } from '../../../platform/database/shared-unit.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import type { RateGrant } from '../endpoints/endpoint.entity.js';
import type { StoredEvent } from '../formats/callback-format.js';
import { cutBatches, withinBytes } from './batching.js';
import { DeliveryRows, byEvent } from './delivery-rows.js';
import type { DeliveryRow } from './delivery-rows.js';
import { NO_RULES, isFree } from './dispatch-rules.js';
import type { DispatchRules } from './dispatch-rules.js';
import { DueDeliveries } from './due-deliveries.js';
import { groupBy } from './group-by.js';
import { grantable, withGrant } from './rate-grants.js';

/** Deliveries that one claim looks at for batches, and about as many as it takes. */
const MAX_LOOKED_AT = 4096;
/** Claims that go in one transaction, and the rows that they get together: each gets 32, what one endpoint is sent at a time. */
const SHARED = { maxItems: 64, maxParallel: 1 };
const MAX_SHARED_ROWS = 2048;
/** As many requests as run at once: their bodies are in memory together. */
const MAX_BATCHES = 32;
/** What web servers commonly take without being told to: a larger body would be refused for ever. */
const MAX_BATCH_BYTES = 1024 * 1024;
/** More than any format writes around an event's data. */
const ENVELOPE_BYTES = 512;

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

interface ClaimRequest {
  callbackId: string;
  limit: number;
  leaseMs: number;
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
  private readonly shared: SharedUnit<ClaimRequest, ClaimedDelivery[]>;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly rows: DeliveryRows,
    private readonly due: DueDeliveries,
    private readonly clock: Clock,
  ) {
    this.shared = new SharedUnit(unitOfWork, SHARED, (requests) => this.claimTogether(requests));
  }

  /**
   * Takes what may be sent to an endpoint in up to `limit` requests. It may be less than what is due, but not less than 32
   * of those, when many endpoints are claimed for at a time.
   */
  async claim(callbackId: string, limit: number, leaseMs: number, rules: DispatchRules = NO_RULES): Promise<ClaimedDelivery[]> {
    if (isFree(rules)) return this.shared.submit({ callbackId, limit, leaseMs });
    return this.unitOfWork.run(async () => this.takeOver(await this.takeUnderRules(callbackId, limit, rules), leaseMs, rules));
  }

  private async claimTogether(requests: readonly ClaimRequest[]): Promise<Outcome<ClaimedDelivery[]>[]> {
    const most = Math.max(1, Math.floor(MAX_SHARED_ROWS / requests.length));
    const claimed = new Map<ClaimRequest, ClaimedDelivery[]>();
    for (const group of ofDifferentEndpoints(requests)) {
      const rows = await this.rows.takeOfEach(group.map(({ callbackId, limit }) => ({ callbackId, limit: Math.min(limit, most) })));
      const deliveries = groupBy(await this.takeOver(rows.flat(), group[0]!.leaseMs, NO_RULES), ({ callbackId }) => callbackId);
      for (const request of group) claimed.set(request, deliveries.get(request.callbackId) ?? []);
    }
    return requests.map((request) => ({ value: claimed.get(request)! }));
  }

  /** Part of the unit that has locked these rows. */
  private async takeOver(rows: readonly DeliveryRow[], leaseMs: number, rules: DispatchRules): Promise<ClaimedDelivery[]> {
    if (rows.length === 0) return [];
    const now = this.clock.now();
    const claimToken = ulid(now);
    const claimedUntil = now + leaseMs;
    await this.unitOfWork.write(
      `UPDATE callback_deliveries SET status = 'delivering', claim_token = ?, due_at = ? WHERE id IN (${placeholders(rows.length)})`,
      [claimToken, claimedUntil, ...rows.map((row) => row.id)],
    );
    const events = await this.eventsOf([...new Set(rows.map((row) => row.event_id))]);
    await this.discard(rows.filter((row) => !events.has(row.event_id)));
    return rows.flatMap((row) => {
      const event = events.get(row.event_id);
      if (event === undefined) return [];
      return [{
        id: row.id, organizationId: row.organization_id, callbackId: row.callback_id, event,
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
  private async discard(rows: readonly DeliveryRow[]): Promise<void> {
    if (rows.length === 0) return;
    await this.unitOfWork.write(
      `UPDATE callback_deliveries SET status = 'discarded', due_at = NULL, claim_token = NULL WHERE id IN (${placeholders(rows.length)})`,
      rows.map((row) => row.id),
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

  private async requestsUnder(callbackId: string, limit: number, rules: DispatchRules): Promise<DeliveryRow[][]> {
    const { ordered, batch } = rules;
    const due = this.due.under(rules);
    if (batch === null) return (await due.take(callbackId, limit)).map((row) => [row]);
    const requests = Math.min(limit, MAX_BATCHES, Math.max(1, Math.floor(MAX_LOOKED_AT / batch.max_items)));
    const again = await due.takeBatches(callbackId, requests);
    const most = requests - again.length;
    if (most === 0) return again;
    const unbatched = await due.takeUnbatched(callbackId, Math.min(most * batch.max_items, MAX_LOOKED_AT), batch, again);
    const made = await this.cutToSize(cutBatches(unbatched, batch, ordered, most, this.clock.now()));
    for (const members of made) await this.makeBatch(members);
    return [...again, ...made];
  }

  /** What no longer fits waits for the next batch; with `ordered` none of its conversation goes before it. */
  private async cutToSize(batches: readonly DeliveryRow[][]): Promise<DeliveryRow[][]> {
    const ids = batches.flatMap((members) => members.map(({ event_id }) => event_id));
    if (ids.length === 0) return [];
    const rows = await this.unitOfWork.query<{ id: string; bytes: number }>(`SELECT id, OCTET_LENGTH(data) AS bytes FROM events WHERE id IN (${placeholders(ids.length)})`, ids);
    const bytes = new Map(rows.map((row) => [row.id, Number(row.bytes) + ENVELOPE_BYTES]));
    return batches.map((members) => withinBytes(members, ({ event_id }) => bytes.get(event_id) ?? 0, MAX_BATCH_BYTES));
  }

  /** The members keep the order in which a retry finds them. */
  private async makeBatch(members: DeliveryRow[]): Promise<void> {
    members.sort(byEvent);
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

/** Claims that may be one: of one length, and each of another endpoint, so that none gets what another has been given. */
function ofDifferentEndpoints(requests: readonly ClaimRequest[]): ClaimRequest[][] {
  const groups: ClaimRequest[][] = [];
  for (const request of requests) {
    const group = groups.find((claims) => claims.every(({ callbackId, leaseMs }) => callbackId !== request.callbackId && leaseMs === request.leaseMs));
    if (group === undefined) groups.push([request]);
    else group.push(request);
  }
  return groups;
}
