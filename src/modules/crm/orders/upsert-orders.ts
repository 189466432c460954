import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { invalidField, notFound } from '../../../kernel/domain-error.js';
import type { Principal } from '../../../kernel/principal.js';
import type { Outcome } from '../../../platform/database/shared-unit.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { readInstant } from '../../../platform/time/local-time.js';
import { Organizations } from '../../organizations/organizations.contract.js';
import type { BatchResultView } from '../upserts/batch.dto.js';
import { assertMatchOrNone } from '../upserts/match-or-none.js';
import { upsertInSlices } from '../upserts/upsert-in-slices.js';
import { upsertSlice } from '../upserts/upsert-slice.js';
import type { Upserted } from '../upserts/upsert-slice.js';
import { readMoney } from './money.js';
import { OrderKind } from './order-kind.js';
import type { OrderFields } from './order-kind.js';
import type { OrderEntity } from './order.entity.js';
import { UpsertOrderDto } from './orders.dto.js';
import { OrdersRepository } from './orders.repository.js';
import { toOrderView } from './orders.view.js';
import { ORDER_WRITABLE } from './orders.view.dto.js';

/** Writes orders by their outside ids, one or many. */
@Injectable()
export class UpsertOrders {
  constructor(
    private readonly kind: OrderKind,
    private readonly orders: OrdersRepository,
    private readonly organizations: Organizations,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  async one(principal: Principal, input: UpsertOrderDto, ifMatch?: string): Promise<Upserted<OrderEntity>> {
    const timeZone = await this.timeZoneOf(principal.organizationId);
    return this.unitOfWork.run(async () => {
      const [outcome] = await this.write(principal.organizationId, [input], timeZone, principal, ifMatch);
      if ('error' in outcome!) throw outcome.error;
      return outcome!.value;
    });
  }

  async batch(principal: Principal, items: readonly unknown[]): Promise<BatchResultView> {
    const timeZone = await this.timeZoneOf(principal.organizationId);
    return upsertInSlices({
      items,
      type: UpsertOrderDto,
      idField: 'order_id',
      write: (slice) => this.unitOfWork.run(() => this.write(principal.organizationId, slice, timeZone, principal)),
    });
  }

  /** Some of many in one unit of work, for nobody in particular. */
  async slice(organizationId: string, slice: readonly UpsertOrderDto[]): Promise<Outcome<Upserted<OrderEntity>>[]> {
    const timeZone = await this.timeZoneOf(organizationId);
    return this.unitOfWork.run(() => this.write(organizationId, slice, timeZone));
  }

  private async write(
    organizationId: string,
    slice: readonly UpsertOrderDto[],
    timeZone: string,
    principal?: Principal,
    ifMatch?: string,
  ): Promise<Outcome<Upserted<OrderEntity>>[]> {
    const assertMayWrite = await this.permissionOf(organizationId, slice, principal);
    const items = slice.map((input) => {
      const createTime = input.create_time === undefined ? undefined : readInstant(input.create_time, timeZone);
      return {
        fields: fieldsOf(input, createTime ?? undefined),
        assertMayWrite: (known: OrderEntity | null): void => {
          assertMayWrite(input, known);
          assertMatchOrNone(ifMatch, known === null ? null : toOrderView(known), ORDER_WRITABLE);
          if (createTime === null) throw invalidField('create_time', 'is_time', 'create_time lies outside of the years 0000 to 9999 in UTC');
        },
      };
    });
    return upsertSlice(this.kind, organizationId, items, this.clock.now());
  }

  /** An order is seen with its customer: neither that of a hidden one can be changed, nor one be given to it. */
  private async permissionOf(organizationId: string, slice: readonly UpsertOrderDto[], principal?: Principal): Promise<(input: UpsertOrderDto, known: OrderEntity | null) => void> {
    if (principal === undefined || principal.application?.dataScope == null) return () => undefined;
    const known = await this.orders.lock(organizationId, slice.map(({ order_id }) => order_id));
    const customers = [...slice, ...known].map(({ customer_id }) => customer_id).filter((id) => id !== null && id !== undefined);
    const hidden = await this.orders.hiddenCustomers(principal, [...new Set(customers)]);
    const isHidden = (id: string | null | undefined): boolean => id !== null && id !== undefined && hidden.has(id);
    return (input, row) => {
      if (row !== null && isHidden(row.customer_id)) throw notFound('order', row.order_id);
      if (isHidden(input.customer_id)) throw notFound('customer', input.customer_id!);
    };
  }

  private async timeZoneOf(organizationId: string): Promise<string> {
    return (await this.organizations.find(organizationId))?.time_zone ?? 'UTC';
  }
}

function fieldsOf({ amount, create_time: _, ...rest }: UpsertOrderDto, createTime: number | undefined): OrderFields {
  return {
    ...rest,
    ...(amount !== undefined && { amount: amount === null ? null : readMoney(amount) }),
    ...(createTime !== undefined && { create_time: createTime }),
  };
}
