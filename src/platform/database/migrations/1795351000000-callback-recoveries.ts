import { TableIndex } from 'typeorm';
import type { MigrationInterface, QueryRunner, TableColumnOptions } from 'typeorm';
import { columnTarget, tableColumn } from '../columns.js';
import type { ColumnKind } from '../columns.js';
import { tableOf } from '../table.js';

const ID: ColumnKind = { kind: 'id' };
const INSTANT: ColumnKind = { kind: 'instant' };
const NUMBER: ColumnKind = { kind: 'number' };
const code = (length: number): ColumnKind => ({ kind: 'code', length });

/** What finds events by time, and deliveries by what became of them. */
const INDEXES: [table: string, name: string, columns: string[]][] = [
  ['events', 'events_occurred', ['organization_id', 'occurred_at']],
  ['callback_deliveries', 'callback_deliveries_status', ['callback_id', 'status', 'created_at', 'id']],
];

/** The planning anew of what an endpoint did not get in a range of time, and indexes for tables that have grown. */
export class CallbackRecoveries1795351000000 implements MigrationInterface {
  name = 'CallbackRecoveries1795351000000';

  async up(runner: QueryRunner): Promise<void> {
    const target = await columnTarget(runner);
    const c = (name: string, kind: ColumnKind, options?: Partial<TableColumnOptions>): TableColumnOptions => tableColumn(target, name, kind, options);
    const optional = { isNullable: true };
    const columns = [
      c('id', ID, { isPrimary: true }),
      c('organization_id', ID),
      c('callback_id', ID),
      c('running_for', ID, optional),
      c('status', code(16)),
      c('since_at', INSTANT),
      c('until_at', INSTANT),
      c('include_succeeded', { kind: 'flag' }),
      c('total', NUMBER),
      c('done', NUMBER, { default: '0' }),
      c('recovered', NUMBER, { default: '0' }),
      c('seen_at', INSTANT, optional),
      c('seen_number', NUMBER, optional),
      c('claim_token', code(40), optional),
      c('claimed_until', INSTANT, optional),
      c('created_at', INSTANT),
      c('finished_at', INSTANT, optional),
    ];
    const index = { callback_recoveries_created: ['callback_id', 'created_at', 'id'], callback_recoveries_finished: ['finished_at'] };
    // MySQL commits each by itself: a migration that was killed half-way has made some of them.
    await runner.createTable(tableOf('callback_recoveries', columns, { unique: { callback_recoveries_running: ['running_for'] }, index }), true);
    for (const [table, name, columnNames] of INDEXES) {
      if ((await runner.getTable(table))!.indices.some((known) => known.name === name)) continue;
      await runner.createIndex(table, new TableIndex({ name, columnNames }));
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const [table, name] of INDEXES) await runner.dropIndex(table, name);
    await runner.dropTable('callback_recoveries');
  }
}
