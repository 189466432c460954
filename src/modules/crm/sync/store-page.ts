import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { LOGGER } from '../../../platform/observability/tokens.js';
import { UpsertCustomerDto } from '../customers/customers.dto.js';
import { CUSTOMER_WRITABLE } from '../customers/customers.view.dto.js';
import { UpsertCustomers } from '../customers/upsert-customers.js';
import { UpsertOrderDto } from '../orders/orders.dto.js';
import { ORDER_WRITABLE } from '../orders/orders.view.dto.js';
import { UpsertOrders } from '../orders/upsert-orders.js';
import type { BatchItemView } from '../upserts/batch.dto.js';
import { planBatch } from '../upserts/upsert-in-slices.js';
import { CrmSyncRepository } from './crm-sync.repository.js';
import { SyncMetrics } from './sync-metrics.js';
import type { CrmPage } from './fetch-page.js';

const CUSTOMER_FIELDS: readonly string[] = ['customer_id', ...CUSTOMER_WRITABLE];
const ORDER_FIELDS: readonly string[] = ['order_id', ...ORDER_WRITABLE];
/** More are not named in the log. */
const MAX_NAMED = 20;

export interface Claim {
  organizationId: string;
  token: string;
  /** A new end of the claim, in Unix milliseconds. */
  until: () => number;
}

/**
 * Stores a page slice by slice. The cursor moves in the transaction of the last one: a worker that dies before it has
 * the page fetched again, of which what is stored already changes nothing.
 */
@Injectable()
export class StorePage {
  constructor(
    private readonly syncs: CrmSyncRepository,
    private readonly customers: UpsertCustomers,
    private readonly orders: UpsertOrders,
    private readonly metrics: SyncMetrics,
    private readonly unitOfWork: UnitOfWork,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async store({ customers, orders, nextCursor }: CrmPage, { organizationId, token, until }: Claim): Promise<void> {
    const ofCustomers = planBatch({ items: customers.map((item) => onlyKnown(item, CUSTOMER_FIELDS)), type: UpsertCustomerDto, idField: 'customer_id', write: (slice) => this.customers.slice(organizationId, slice) });
    const ofOrders = planBatch({ items: orders.map((item) => onlyKnown(item, ORDER_FIELDS)), type: UpsertOrderDto, idField: 'order_id', write: (slice) => this.orders.slice(organizationId, slice) });
    const slices = [...ofCustomers.slices, ...ofOrders.slices];
    const results = (): BatchItemView[] => [...ofCustomers.results, ...ofOrders.results];
    for (let next = 0; next === 0 || next < slices.length; next++) {
      await this.unitOfWork.run(async () => {
        await this.syncs.hold(organizationId, token, until());
        await slices[next]?.write();
        if (next >= slices.length - 1) await this.syncs.advance(organizationId, nextCursor, countOf(results()));
      });
    }
    this.metrics.stored({ customer: ofCustomers.results, order: ofOrders.results });
    this.tell(results().filter(({ status }) => status === 'invalid'));
  }

  /** By their ids and what is wrong: their content is nobody's to read in a log. */
  private tell(invalid: readonly BatchItemView[]): void {
    if (invalid.length === 0) return;
    const named = invalid.slice(0, MAX_NAMED).map(({ id, errors }) => ({ id, errors: errors.map(({ field, code }) => `${field} ${code}`) }));
    this.logger.warn({ count: invalid.length, items: named }, 'some customers or orders of the CRM are not valid and were left out');
  }
}

/** A CRM may say more of them than is kept here. */
function onlyKnown(item: unknown, names: readonly string[]): unknown {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return item;
  return Object.fromEntries(Object.entries(item).filter(([name]) => names.includes(name)));
}

function countOf(results: readonly BatchItemView[]): { stored: number; refused: number } {
  const refused = results.filter(({ status }) => status === 'invalid').length;
  return { stored: results.length - refused, refused };
}
