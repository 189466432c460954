import { Injectable } from '@nestjs/common';
import type { SelectQueryBuilder } from 'typeorm';
import type { Page } from '../../../kernel/page.js';
import type { Principal } from '../../../kernel/principal.js';
import { keysetPage } from '../../../platform/database/keyset.js';
import type { Sorting } from '../../../platform/database/keyset.js';
import { placeholders } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { ownersSeenBy } from '../owner-scope.js';
import { moneyKey, readMoney } from './money.js';
import { OrderEntity } from './order.entity.js';
import type { ListOrdersDto } from './orders.dto.js';

const SORTING: Sorting = {
  columns: { created_at: 'created_at', updated_at: 'updated_at', create_time: 'create_time' }, default: '-created_at', tieBreaker: 'id',
};

/** Those of a customer whom another agent looks after. */
const OF_OTHERS = `EXISTS (SELECT 1 FROM crm_customers owned WHERE owned.organization_id = :organizationId AND owned.customer_id = crm_order.customer_id
  AND owned.owner_agent_id NOT IN (:...owners))`;

@Injectable()
export class OrdersRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  async find(principal: Principal, orderId: string): Promise<OrderEntity | null> {
    return this.visible(principal).andWhere('crm_order.order_id = :orderId', { orderId }).getOne();
  }

  /** Locks those that are there, in the order of their keys, so that two units never wait for each other. */
  async lock(organizationId: string, orderIds: readonly string[]): Promise<OrderEntity[]> {
    const query = this.unitOfWork.transaction
      .createQueryBuilder(OrderEntity, 'crm_order')
      .where('crm_order.organization_id = :organizationId AND crm_order.order_id IN (:...orderIds)', { organizationId, orderIds })
      .orderBy('crm_order.order_id');
    if (this.unitOfWork.dialect === 'mysql') query.setLock('pessimistic_write');
    return query.getMany();
  }

  async insert(orders: readonly OrderEntity[]): Promise<void> {
    await this.unitOfWork.transaction.insert(OrderEntity, orders as object[]);
  }

  async update(orders: readonly OrderEntity[]): Promise<void> {
    for (const { id, organization_id: _, order_id: __, created_at: ___, ...rest } of orders) {
      await this.unitOfWork.transaction.update(OrderEntity, { id }, rest as object);
    }
  }

  async remove(order: OrderEntity): Promise<void> {
    await this.unitOfWork.transaction.delete(OrderEntity, { id: order.id });
  }

  async list(principal: Principal, filter: ListOrdersDto): Promise<Page<OrderEntity>> {
    const query = this.visible(principal);
    for (const field of ['customer_id', 'status', 'currency'] as const) {
      if (filter[field] !== undefined) query.andWhere(`crm_order.${field} = :${field}`, { [field]: filter[field] });
    }
    if (filter.min_amount !== undefined) query.andWhere('crm_order.amount_key >= :minAmount', { minAmount: keyOf(filter.min_amount) });
    if (filter.max_amount !== undefined) query.andWhere('crm_order.amount_key <= :maxAmount', { maxAmount: keyOf(filter.max_amount) });
    if (filter.since !== undefined) query.andWhere('crm_order.create_time >= :since', { since: filter.since });
    if (filter.until !== undefined) query.andWhere('crm_order.create_time < :until', { until: filter.until });
    if (filter.updated_since !== undefined) query.andWhere('crm_order.updated_at >= :updatedSince', { updatedSince: filter.updated_since });
    return keysetPage(query, SORTING, filter);
  }

  /** Which of these customers the caller must not see. */
  async hiddenCustomers(principal: Principal, customerIds: readonly string[]): Promise<ReadonlySet<string>> {
    const owners = ownersSeenBy(principal);
    if (owners.length === 0 || customerIds.length === 0) return new Set();
    const rows = await this.unitOfWork.query<{ customer_id: string }>(
      `SELECT customer_id FROM crm_customers WHERE organization_id = ? AND customer_id IN (${placeholders(customerIds.length)}) AND owner_agent_id NOT IN (${placeholders(owners.length)})`,
      [principal.organizationId, ...customerIds, ...owners],
    );
    return new Set(rows.map(({ customer_id }) => customer_id));
  }

  /** Who looks after the customers of these orders, which are of one organization, by the id of the customer. */
  async ownersOf(orders: readonly OrderEntity[]): Promise<ReadonlyMap<string, string | null>> {
    const customerIds = [...new Set(orders.map(({ customer_id }) => customer_id))].filter((id) => id !== null);
    if (customerIds.length === 0) return new Map();
    const rows = await this.unitOfWork.query<{ customer_id: string; owner_agent_id: string | null }>(
      `SELECT customer_id, owner_agent_id FROM crm_customers WHERE organization_id = ? AND customer_id IN (${placeholders(customerIds.length)})`,
      [orders[0]!.organization_id, ...customerIds],
    );
    return new Map(rows.map(({ customer_id, owner_agent_id }) => [customer_id, owner_agent_id]));
  }

  private visible(principal: Principal): SelectQueryBuilder<OrderEntity> {
    const query = this.unitOfWork.manager
      .createQueryBuilder(OrderEntity, 'crm_order')
      .where('crm_order.organization_id = :organizationId', { organizationId: principal.organizationId });
    const owners = ownersSeenBy(principal);
    if (owners.length > 0) query.andWhere(`NOT ${OF_OTHERS}`, { owners });
    return query;
  }
}

function keyOf(amount: string): string {
  return moneyKey(readMoney(amount)!);
}
