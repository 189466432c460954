import { Injectable } from '@nestjs/common';
import { notFound } from '../../../kernel/domain-error.js';
import type { Page } from '../../../kernel/page.js';
import { eventNamed } from '../../../platform/database/event-named.js';
import { keysetPage } from '../../../platform/database/keyset.js';
import type { Sorting } from '../../../platform/database/keyset.js';
import { addRows, changeRows, placeholders } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { BatchAnswers } from './batch-answers.js';
import type { ListDeliveriesDto } from './deliveries.dto.js';
import type { DeliveryStatus } from './delivery-status.js';
import { AttemptEntity, DeliveryEntity } from './delivery.entity.js';

const SORTING: Sorting = { columns: { created_at: 'created_at' }, default: '-created_at', tieBreaker: 'id' };

const COLUMNS = ['id', 'organization_id', 'callback_id', 'event_id', 'event', 'status', 'due_at', 'created_at'] as const;

/** With a conversation it goes in the order of the conversation's events, otherwise whenever it can. */
export type PlannedDelivery = Pick<DeliveryEntity, 'id' | 'organization_id' | 'callback_id' | 'event_id' | 'event' | 'due_at' | 'created_at'> & {
  order?: { conversationId: string | null };
};

const ORDERED_AT_A_TIME = 1000;
const ORDERED_COLUMNS = [...COLUMNS, 'conversation_id', 'event_number'];
/** The number is the database's, and known when the event has been inserted: before this, in the same unit. */
const ORDERED_TUPLE = `(${placeholders(COLUMNS.length + 1)}, (SELECT e.number FROM events e WHERE e.id = ?))`;

/** A delivery that begins anew is one by itself, and has its place in the order again if it had one. */
const ANEW = `status = 'pending', due_at = ?, schedule_index = 0, claim_token = NULL, succeeded_at = NULL, batch_id = NULL,
  conversation_id = CASE WHEN event_number IS NULL THEN NULL ELSE (SELECT e.conversation_id FROM events e WHERE e.id = callback_deliveries.event_id) END`;

@Injectable()
export class DeliveriesRepository {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly answers: BatchAnswers,
  ) {}

  async insertAll(deliveries: readonly PlannedDelivery[]): Promise<void> {
    const free = deliveries.filter(({ order }) => order === undefined);
    await addRows(this.unitOfWork, 'callback_deliveries', COLUMNS, free.map(toRow));
    const ordered = deliveries.filter(({ order }) => order !== undefined);
    for (let start = 0; start < ordered.length; start += ORDERED_AT_A_TIME) {
      const rows = ordered.slice(start, start + ORDERED_AT_A_TIME);
      await this.unitOfWork.write(
        `INSERT INTO callback_deliveries (${ORDERED_COLUMNS.join(',')}) VALUES ${rows.map(() => ORDERED_TUPLE).join(',')}`,
        rows.flatMap((row) => [...toRow(row), row.order!.conversationId, row.event_id]),
      );
    }
  }

  /** Of an endpoint that the caller has been found to own: to be counted along an index, the rows themselves must not be asked. */
  async list(callbackId: string, filter: ListDeliveriesDto): Promise<Page<DeliveryEntity>> {
    const query = this.unitOfWork.manager.createQueryBuilder(DeliveryEntity, 'delivery').where('delivery.callback_id = :callbackId', { callbackId });
    if (filter.status !== undefined) query.andWhere('delivery.status = :status', { status: filter.status });
    const named = filter.event === undefined ? null : eventNamed('delivery.event', filter.event);
    if (named !== null) query.andWhere(named.sql, named.parameters);
    if (filter.since !== undefined) query.andWhere('delivery.created_at >= :since', { since: filter.since });
    // Nearly all have succeeded: those are along the time, where the index has the event's name too.
    const alongTime = filter.status === undefined || (filter.status === 'succeeded' && named !== null);
    return keysetPage(query, { ...SORTING, index: alongTime ? 'callback_deliveries_created' : 'callback_deliveries_status' }, filter);
  }

  async get(organizationId: string, callbackId: string, id: string): Promise<DeliveryEntity> {
    const delivery = await this.unitOfWork.manager.findOneBy(DeliveryEntity, { organization_id: organizationId, callback_id: callbackId, id });
    if (delivery === null) throw notFound('delivery', id);
    return delivery;
  }

  async attempts(deliveryId: string): Promise<AttemptEntity[]> {
    return this.unitOfWork.manager.find(AttemptEntity, { where: { delivery_id: deliveryId }, order: { number: 'ASC' } });
  }

  /** Makes a delivery due now with its schedule begun anew; false while it is being delivered. */
  async restart(id: string, now: number): Promise<boolean> {
    return (await this.beginAnew([id], now, "(status <> 'delivering' OR due_at < ?)", [now])) > 0;
  }

  /**
   * The deliveries of an endpoint for the events of a range of time, by event. A delivery is as old as its event, so the
   * index that lists deliveries finds them, and none by event is needed on the path of messages.
   */
  async idsByEvent(callbackId: string, since: number, until: number): Promise<Map<string, string>> {
    const rows = await this.unitOfWork.query<{ id: string; event_id: string }>(
      'SELECT id, event_id FROM callback_deliveries WHERE callback_id = ? AND created_at >= ? AND created_at <= ?',
      [callbackId, since, until],
    );
    return new Map(rows.map(({ id, event_id }) => [event_id, id]));
  }

  /** As `restart`, for those that are in one of these states; returns how many. */
  async restartAll(ids: readonly string[], statuses: readonly DeliveryStatus[], now: number): Promise<number> {
    if (ids.length === 0) return 0;
    return this.beginAnew(ids, now, `status IN (${placeholders(statuses.length)})`, statuses);
  }

  /** Gives up some of what is still to be delivered to an endpoint; returns how many. */
  async discardOutstanding(callbackId: string, limit: number): Promise<number> {
    const rows = await this.unitOfWork.query<{ id: string }>('SELECT id FROM callback_deliveries WHERE callback_id = ? AND due_at > 0 ORDER BY due_at LIMIT ?', [callbackId, limit]);
    if (rows.length === 0) return 0;
    await this.unitOfWork.run(() => changeRows(
      this.unitOfWork,
      `UPDATE callback_deliveries SET status = 'discarded', due_at = NULL, claim_token = NULL WHERE id IN (${placeholders(rows.length)}) AND due_at IS NOT NULL`,
      rows.map(({ id }) => id),
    ));
    return rows.length;
  }

  private async beginAnew(ids: readonly string[], now: number, condition: string, parameters: readonly unknown[]): Promise<number> {
    await this.answers.rememberBatches(ids, condition, parameters);
    return changeRows(this.unitOfWork, `UPDATE callback_deliveries SET ${ANEW} WHERE id IN (${placeholders(ids.length)}) AND ${condition}`, [now, ...ids, ...parameters]);
  }
}

function toRow(row: PlannedDelivery): unknown[] {
  return [row.id, row.organization_id, row.callback_id, row.event_id, row.event, 'pending', row.due_at, row.created_at];
}
