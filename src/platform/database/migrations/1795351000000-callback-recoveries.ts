import { TableIndex } from 'typeorm';
import type { MigrationInterface, QueryRunner, TableColumnOptions } from 'typeorm';
import { columnTarget, tableColumn } from '../columns.js';
import type { ColumnKind } from '../columns.js';
import { tableOf } from '../table.js';

const ID: ColumnKind = { kind: 'id' };
const INSTANT: ColumnKind = { kind: 'instant' };
const NUMBER: ColumnKind = { kind: 'number' };
const code = (length: number): ColumnKind => ({ kind: 'code', length });
const OCCURRED = 'events_occurred';

/** The planning anew of what an endpoint did not get in a range of time, and the index that finds events by time. */
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
    const events = await runner.getTable('events');
    if (!events!.indices.some(({ name }) => name === OCCURRED)) {
      await runner.createIndex('events', new TableIndex({ name: OCCURRED, columnNames: ['organization_id', 'occurred_at'] }));
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropIndex('events', OCCURRED);
    await runner.dropTable('callback_recoveries');
  }
}
