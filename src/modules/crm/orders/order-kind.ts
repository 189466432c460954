import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { SHARED_SUBJECT, domainEvent } from '../../../kernel/domain-event.js';
import type { EventType } from '../../../kernel/domain-event.js';
import { newId } from '../../../kernel/ids.js';
import { Outbox } from '../../../platform/outbox/outbox.js';
import { isSameJson } from '../upserts/same-json.js';
import type { Change, RecordKind } from '../upserts/upsert-slice.js';
import { moneyKey } from './money.js';
import type { OrderEntity } from './order.entity.js';
import { OrdersRepository } from './orders.repository.js';
import { toOrderView } from './orders.view.js';
import { ORDER_WRITABLE } from './orders.view.dto.js';

/** An order's fields as they are stored: amounts are decimals, times are instants. */
export interface OrderFields extends Partial<Pick<OrderEntity, 'customer_id' | 'amount' | 'currency' | 'status' | 'items' | 'create_time'>> {
  order_id: string;
}

/** How orders are kept, and told of. */
@Injectable()
export class OrderKind implements RecordKind<OrderEntity, OrderFields> {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
  ) {}

  keyOf({ order_id }: OrderFields): string {
    return order_id;
  }

  rowKeyOf({ order_id }: OrderEntity): string {
    return order_id;
  }

  lock(organizationId: string, orderIds: readonly string[]): Promise<OrderEntity[]> {
    return this.orders.lock(organizationId, orderIds);
  }

  make(organizationId: string, fields: OrderFields, now: number): OrderEntity {
    return {
      id: newId('order'),
      organization_id: organizationId,
      order_id: fields.order_id,
      customer_id: fields.customer_id ?? null,
      ...amountOf(fields.amount ?? null),
      currency: fields.currency ?? null,
      status: fields.status ?? null,
      items: fields.items ?? [],
      create_time: fields.create_time ?? now,
      created_at: now,
      updated_at: now,
    };
  }

  /** The same amount in another spelling is no change. */
  merge(row: OrderEntity, { amount, ...fields }: OrderFields): OrderEntity {
    const given = amount === undefined ? null : amountOf(amount);
    return { ...row, ...fields, ...(given !== null && given.amount_key !== row.amount_key && given) };
  }

  differences(before: OrderEntity, after: OrderEntity): string[] {
    const [old, young] = [toOrderView(before), toOrderView(after)];
    return ORDER_WRITABLE.filter((field) => !isSameJson(old[field], young[field]));
  }

  insert(rows: readonly OrderEntity[]): Promise<void> {
    return this.orders.insert(rows);
  }

  async update(rows: readonly { row: OrderEntity }[], now: number): Promise<void> {
    for (const { row } of rows) row.updated_at = now;
    await this.orders.update(rows.map(({ row }) => row));
  }

  async tell(made: readonly OrderEntity[], changes: readonly Change<OrderEntity>[]): Promise<void> {
    const owners = await this.orders.ownersOf([...made, ...changes.map(({ row }) => row)]);
    for (const row of made) this.emit('order.created', row, owners, { order: toOrderView(row) });
    for (const { row, changed } of changes) this.emit('order.updated', row, owners, { changed, order: toOrderView(row) });
  }

  async deleted(row: OrderEntity): Promise<void> {
    this.emit('order.deleted', row, await this.orders.ownersOf([row]), {});
  }

  /** It belongs to whom its customer belongs to. */
  private emit(type: EventType, row: OrderEntity, owners: ReadonlyMap<string, string | null>, data: Record<string, unknown>): void {
    const ids = { order_id: row.order_id, customer_id: row.customer_id };
    const subject = { ...SHARED_SUBJECT, agentId: (row.customer_id === null ? null : owners.get(row.customer_id)) ?? null };
    this.outbox.append(domainEvent(row.organization_id, type, this.clock.now(), { ...ids, ...data }, subject));
  }
}

function amountOf(amount: string | null): Pick<OrderEntity, 'amount' | 'amount_key'> {
  return { amount, amount_key: amount === null ? null : moneyKey(amount) };
}
