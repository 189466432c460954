import { TableColumn } from 'typeorm';
import type { MigrationInterface, QueryRunner, TableColumnOptions } from 'typeorm';
import { columnTarget, tableColumn } from '../columns.js';
import type { ColumnKind } from '../columns.js';
import { tableOf } from '../table.js';

const ID: ColumnKind = { kind: 'id' };
const INSTANT: ColumnKind = { kind: 'instant' };
const OPTIONAL = { isNullable: true } as const;

const COLUMNS: [table: string, name: string, kind: ColumnKind, options: { default: string } | { isNullable: true }][] = [
  ['conversations', 'erased_at', INSTANT, OPTIONAL],
  ['callback_deliveries', 'erased', { kind: 'flag' }, { default: '0' }],
];

/** The work of erasing what is stored about a visitor, and what must not be filled again meanwhile. */
export class VisitorErasure1795420000002 implements MigrationInterface {
  name = 'VisitorErasure1795420000002';

  async up(runner: QueryRunner): Promise<void> {
    const target = await columnTarget(runner);
    const c = (name: string, kind: ColumnKind, options?: Partial<TableColumnOptions>): TableColumnOptions => tableColumn(target, name, kind, options);
    // MySQL commits each by itself: a migration that was killed half-way has made some of them.
    await runner.createTable(tableOf('visitor_erasures', [
      c('visitor_id', ID, { isPrimary: true }),
      c('organization_id', ID),
      c('running', { kind: 'flag' }, OPTIONAL),
      c('part', { kind: 'code', length: 64 }, OPTIONAL),
      c('place', { kind: 'code', length: 100 }, OPTIONAL),
      c('erased', { kind: 'json' }),
      c('created_at', INSTANT),
      c('finished_at', INSTANT, OPTIONAL),
    ], { index: { visitor_erasures_running: ['running'] } }), true);
    for (const [table, name, kind, options] of COLUMNS) {
      if (!(await runner.hasColumn(table, name))) await runner.addColumn(table, new TableColumn(c(name, kind, options)));
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const [table, name] of COLUMNS.toReversed()) await runner.dropColumn(table, name);
    await runner.dropTable('visitor_erasures');
  }
}
