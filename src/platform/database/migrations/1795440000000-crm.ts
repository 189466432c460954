import type { MigrationInterface, QueryRunner, TableColumnOptions } from 'typeorm';
import { columnTarget, tableColumn } from '../columns.js';
import type { ColumnKind } from '../columns.js';
import { tableOf } from '../table.js';

const ID: ColumnKind = { kind: 'id' };
const INSTANT: ColumnKind = { kind: 'instant' };
const NUMBER: ColumnKind = { kind: 'number' };
const JSON_TEXT: ColumnKind = { kind: 'json' };
const code = (length: number): ColumnKind => ({ kind: 'code', length });
const text = (length: number): ColumnKind => ({ kind: 'text', length });

/** Customers and orders of outside systems, what links visitors to them, and how far an import is. */
export class Crm1795440000000 implements MigrationInterface {
  name = 'Crm1795440000000';

  async up(runner: QueryRunner): Promise<void> {
    const target = await columnTarget(runner);
    const c = (name: string, kind: ColumnKind, options?: Partial<TableColumnOptions>): TableColumnOptions => tableColumn(target, name, kind, options);
    const key = { isPrimary: true };
    const optional = { isNullable: true };
    const zero = { default: '0' };
    // MySQL commits each by itself: a migration that was killed half-way has made some of them.
    await runner.createTable(tableOf('crm_customers', [
      c('id', ID, key), c('organization_id', ID), c('customer_id', text(191)), c('name', text(200), optional), c('phone', text(40), optional),
      c('email', text(254), optional), c('level', text(64), optional), c('tags', JSON_TEXT), c('metadata', JSON_TEXT), c('owner_agent_id', ID, optional),
      c('name_key', text(200), optional), c('phone_key', text(40), optional), c('email_key', text(254), optional), c('created_at', INSTANT), c('updated_at', INSTANT),
    ], {
      unique: { crm_customers_customer_id: ['organization_id', 'customer_id'] },
      index: {
        crm_customers_created: ['organization_id', 'created_at', 'id'], crm_customers_updated: ['organization_id', 'updated_at', 'id'],
        crm_customers_name: ['organization_id', 'name_key', 'created_at', 'id'], crm_customers_phone: ['organization_id', 'phone_key', 'created_at', 'id'], crm_customers_email: ['organization_id', 'email_key', 'created_at', 'id'],
        crm_customers_level: ['organization_id', 'level', 'created_at', 'id'], crm_customers_owner: ['organization_id', 'owner_agent_id', 'created_at', 'id'],
      },
      references: { crm_customers_organization_fk: ['organization_id', 'organizations'] },
    }), true);
    await runner.createTable(tableOf('crm_customer_tags', [c('customer', ID, key), c('tag', code(100), key), c('organization_id', ID)], {
      index: { crm_customer_tags_tag: ['organization_id', 'tag', 'customer'] },
    }), true);
    await runner.createTable(tableOf('crm_orders', [
      c('id', ID, key), c('organization_id', ID), c('order_id', text(191)), c('customer_id', text(191), optional), c('amount', code(40), optional), c('amount_key', code(40), optional),
      c('currency', code(16), optional), c('status', text(64), optional), c('items', JSON_TEXT), c('create_time', INSTANT), c('created_at', INSTANT), c('updated_at', INSTANT),
    ], {
      unique: { crm_orders_order_id: ['organization_id', 'order_id'] },
      index: {
        crm_orders_created: ['organization_id', 'created_at', 'id'], crm_orders_updated: ['organization_id', 'updated_at', 'id'], crm_orders_time: ['organization_id', 'create_time', 'id'],
        crm_orders_customer: ['organization_id', 'customer_id', 'created_at', 'id'], crm_orders_status: ['organization_id', 'status', 'created_at', 'id'],
        crm_orders_amount: ['organization_id', 'amount_key'],
      },
      references: { crm_orders_organization_fk: ['organization_id', 'organizations'] },
    }), true);
    await runner.createTable(tableOf('crm_unlinked_visitors', [
      c('visitor_id', ID, key), c('organization_id', ID), c('phone_key', text(40), optional), c('email_key', text(254), optional),
    ], {
      index: {
        crm_unlinked_visitors_phone: ['organization_id', 'phone_key', 'visitor_id'], crm_unlinked_visitors_email: ['organization_id', 'email_key', 'visitor_id'],
      },
    }), true);
    await runner.createTable(tableOf('crm_syncs', [
      c('organization_id', ID, key), c('source', code(64)), c('next_cursor', { kind: 'long' }, optional), c('next_at', INSTANT), c('failures', { kind: 'count' }, zero),
      c('last_error', text(500), optional), c('started_at', INSTANT, optional), c('succeeded_at', INSTANT, optional), c('pages', NUMBER, zero), c('stored', NUMBER, zero),
      c('refused', NUMBER, zero), c('claim_token', code(40), optional), c('claimed_until', INSTANT, optional),
    ]), true);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['crm_syncs', 'crm_unlinked_visitors', 'crm_orders', 'crm_customer_tags', 'crm_customers']) await runner.dropTable(table);
  }
}
