import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { SHARED_SUBJECT, domainEvent } from '../../../kernel/domain-event.js';
import type { EventType } from '../../../kernel/domain-event.js';
import { newId } from '../../../kernel/ids.js';
import { Outbox } from '../../../platform/outbox/outbox.js';
import { CustomerLinks } from '../links/customer-links.js';
import { isSameJson } from '../upserts/same-json.js';
import type { Change, RecordKind } from '../upserts/upsert-slice.js';
import { emailKey, nameKey, phoneKey } from './contact-keys.js';
import type { CustomerEntity } from './customer.entity.js';
import type { UpsertCustomerDto } from './customers.dto.js';
import { CustomersRepository } from './customers.repository.js';
import { toCustomerView } from './customers.view.js';
import { CUSTOMER_WRITABLE } from './customers.view.dto.js';

/** How customers are kept, and told of. */
@Injectable()
export class CustomerKind implements RecordKind<CustomerEntity, UpsertCustomerDto> {
  constructor(
    private readonly customers: CustomersRepository,
    private readonly links: CustomerLinks,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
  ) {}

  keyOf({ customer_id }: UpsertCustomerDto): string {
    return customer_id;
  }

  rowKeyOf({ customer_id }: CustomerEntity): string {
    return customer_id;
  }

  lock(organizationId: string, customerIds: readonly string[]): Promise<CustomerEntity[]> {
    return this.customers.lock(organizationId, customerIds);
  }

  make(organizationId: string, fields: UpsertCustomerDto, now: number): CustomerEntity {
    return withKeys({
      id: newId('customer'),
      organization_id: organizationId,
      customer_id: fields.customer_id,
      name: fields.name ?? null,
      phone: fields.phone ?? null,
      email: fields.email ?? null,
      level: fields.level ?? null,
      tags: fields.tags ?? [],
      metadata: fields.metadata ?? {},
      owner_agent_id: fields.owner_agent_id ?? null,
      name_key: null,
      phone_key: null,
      email_key: null,
      created_at: now,
      updated_at: now,
    });
  }

  merge(row: CustomerEntity, fields: UpsertCustomerDto): CustomerEntity {
    return withKeys({ ...row, ...fields });
  }

  differences(before: CustomerEntity, after: CustomerEntity): string[] {
    const [old, young] = [toCustomerView(before), toCustomerView(after)];
    return CUSTOMER_WRITABLE.filter((field) => !isSameJson(old[field], young[field]));
  }

  insert(rows: readonly CustomerEntity[]): Promise<void> {
    return this.customers.insert(rows);
  }

  async update(rows: readonly Change<CustomerEntity>[], now: number): Promise<void> {
    for (const { row } of rows) row.updated_at = now;
    await this.customers.update(rows);
    const moved = rows.filter(({ before, row }) => before.phone_key !== row.phone_key || before.email_key !== row.email_key).map(({ before }) => before);
    if (moved.length > 0) await this.links.giveUp(moved[0]!.organization_id, moved);
  }

  async tell(made: readonly CustomerEntity[], changes: readonly Change<CustomerEntity>[]): Promise<void> {
    for (const row of made) this.emit('customer.created', row, { customer: toCustomerView(row) });
    for (const { row, changed } of changes) this.emit('customer.updated', row, { changed, customer: toCustomerView(row) });
  }

  deleted(row: CustomerEntity): void {
    this.emit('customer.deleted', row, {});
  }

  private emit(type: EventType, row: CustomerEntity, data: Record<string, unknown>): void {
    const subject = { ...SHARED_SUBJECT, agentId: row.owner_agent_id };
    this.outbox.append(domainEvent(row.organization_id, type, this.clock.now(), { customer_id: row.customer_id, ...data }, subject));
  }
}

function withKeys(customer: CustomerEntity): CustomerEntity {
  return { ...customer, name_key: nameKey(customer.name), phone_key: phoneKey(customer.phone), email_key: emailKey(customer.email) };
}
