import { Injectable } from '@nestjs/common';
import type { SelectQueryBuilder } from 'typeorm';
import type { Page } from '../../../kernel/page.js';
import type { Principal } from '../../../kernel/principal.js';
import { keysetPage } from '../../../platform/database/keyset.js';
import type { Sorting } from '../../../platform/database/keyset.js';
import { addRows, placeholders } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { ownersSeenBy } from '../owner-scope.js';
import { emailKey, nameKey, phoneKey, plainPhone } from './contact-keys.js';
import { CustomerEntity } from './customer.entity.js';
import type { ListCustomersDto } from './customers.dto.js';

const SORTING: Sorting = { columns: { created_at: 'created_at', updated_at: 'updated_at' }, default: '-created_at', tieBreaker: 'id' };
/** Behind everything that begins with the text before it. */
const LAST = '\u{10FFFF}';

@Injectable()
export class CustomersRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  async find(principal: Principal, customerId: string): Promise<CustomerEntity | null> {
    return this.visible(principal).andWhere('customer.customer_id = :customerId', { customerId }).getOne();
  }

  /** Locks those that are there, in the order of their keys, so that two units never wait for each other. */
  async lock(organizationId: string, customerIds: readonly string[]): Promise<CustomerEntity[]> {
    const query = this.unitOfWork.transaction
      .createQueryBuilder(CustomerEntity, 'customer')
      .where('customer.organization_id = :organizationId AND customer.customer_id IN (:...customerIds)', { organizationId, customerIds })
      .orderBy('customer.customer_id');
    if (this.unitOfWork.dialect === 'mysql') query.setLock('pessimistic_write');
    return query.getMany();
  }

  async insert(customers: readonly CustomerEntity[]): Promise<void> {
    await this.unitOfWork.transaction.insert(CustomerEntity, customers as object[]);
    await this.addTags(customers);
  }

  async update(customers: readonly { row: CustomerEntity; changed: readonly string[] }[]): Promise<void> {
    for (const { row } of customers) {
      const { id, organization_id: _, customer_id: __, created_at: ___, ...rest } = row;
      await this.unitOfWork.transaction.update(CustomerEntity, { id }, rest as object);
    }
    const retagged = customers.filter(({ changed }) => changed.includes('tags')).map(({ row }) => row);
    if (retagged.length === 0) return;
    await this.removeTags(retagged);
    await this.addTags(retagged);
  }

  async remove(customer: CustomerEntity): Promise<void> {
    await this.removeTags([customer]);
    await this.unitOfWork.transaction.delete(CustomerEntity, { id: customer.id });
  }

  async list(principal: Principal, filter: ListCustomersDto): Promise<Page<CustomerEntity>> {
    const query = this.visible(principal);
    for (const field of ['level', 'owner_agent_id'] as const) {
      if (filter[field] !== undefined) query.andWhere(`customer.${field} = :${field}`, { [field]: filter[field] });
    }
    if (filter.name !== undefined) andIs(query, 'name', filter.name, nameKey(filter.name));
    if (filter.phone !== undefined) andIs(query, 'phone', filter.phone, phoneKey(filter.phone));
    if (filter.email !== undefined) andIs(query, 'email', filter.email, emailKey(filter.email));
    if (filter.updated_since !== undefined) query.andWhere('customer.updated_at >= :updatedSince', { updatedSince: filter.updated_since });
    if (filter.tag !== undefined) {
      query.andWhere('customer.id IN (SELECT tagged.customer FROM crm_customer_tags tagged WHERE tagged.organization_id = :organizationId AND tagged.tag = :tag)', { tag: filter.tag });
    }
    if (filter.q !== undefined) andBegins(query, filter.q);
    return keysetPage(query, SORTING, filter);
  }

  /** Whose each of these phones or emails is, as they are compared; null where it is that of several customers. */
  async byContact(organizationId: string, column: 'phone_key' | 'email_key', contacts: readonly string[]): Promise<Map<string, string | null>> {
    if (contacts.length === 0) return new Map();
    const rows = await this.unitOfWork.query<{ contact: string; first_id: string; customers: number }>(
      `SELECT ${column} AS contact, MIN(customer_id) AS first_id, COUNT(*) AS customers FROM crm_customers
       WHERE organization_id = ? AND ${column} IN (${placeholders(contacts.length)}) GROUP BY ${column}`,
      [organizationId, ...contacts],
    );
    return new Map(rows.map(({ contact, first_id, customers }) => [contact, Number(customers) === 1 ? first_id : null]));
  }

  /** Those of these that are there. */
  async contactsOf(organizationId: string, customerIds: readonly string[]): Promise<Pick<CustomerEntity, 'customer_id' | 'phone_key' | 'email_key'>[]> {
    if (customerIds.length === 0) return [];
    return this.unitOfWork.query(
      `SELECT customer_id, phone_key, email_key FROM crm_customers WHERE organization_id = ? AND customer_id IN (${placeholders(customerIds.length)})`,
      [organizationId, ...customerIds],
    );
  }

  private visible(principal: Principal): SelectQueryBuilder<CustomerEntity> {
    const query = this.unitOfWork.manager
      .createQueryBuilder(CustomerEntity, 'customer')
      .where('customer.organization_id = :organizationId', { organizationId: principal.organizationId });
    const owners = ownersSeenBy(principal);
    if (owners.length > 0) query.andWhere('(customer.owner_agent_id IS NULL OR customer.owner_agent_id IN (:...owners))', { owners });
    return query;
  }

  private async addTags(customers: readonly CustomerEntity[]): Promise<void> {
    const rows = customers.flatMap(({ id, organization_id, tags }) => [...new Set(tags)].map((tag) => [id, tag, organization_id]));
    await addRows(this.unitOfWork, 'crm_customer_tags', ['customer', 'tag', 'organization_id'], rows);
  }

  private async removeTags(customers: readonly CustomerEntity[]): Promise<void> {
    await this.unitOfWork.write(`DELETE FROM crm_customer_tags WHERE customer IN (${placeholders(customers.length)})`, customers.map(({ id }) => id));
  }
}

/** By the key where there is one, else by the text as it is written. */
function andIs(query: SelectQueryBuilder<CustomerEntity>, field: 'name' | 'phone' | 'email', written: string, key: string | null): void {
  if (key === null) query.andWhere(`customer.${field} = :${field}`, { [field]: written });
  else query.andWhere(`customer.${field}_key = :${field}`, { [field]: key });
}

function andBegins(query: SelectQueryBuilder<CustomerEntity>, text: string): void {
  const phone = plainPhone(text);
  const beginnings = { name_key: nameKey(text) ?? text, customer_id: text, phone_key: phone === '' ? text : phone, email_key: text.toLowerCase() };
  const conditions = Object.keys(beginnings).map((column) => `(customer.${column} >= :${column} AND customer.${column} < :${column}_end)`);
  const parameters = Object.entries(beginnings).flatMap(([column, value]) => [[column, value], [`${column}_end`, value + LAST]]);
  query.andWhere(`(${conditions.join(' OR ')})`, Object.fromEntries(parameters) as Record<string, string>);
}
