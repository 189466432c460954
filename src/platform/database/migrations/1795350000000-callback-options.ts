import { TableColumn } from 'typeorm';
import type { MigrationInterface, QueryRunner, TableColumnOptions } from 'typeorm';
import { columnTarget, tableColumn } from '../columns.js';
import type { ColumnKind, ColumnTarget } from '../columns.js';

const TABLE = 'callback_endpoints';
const NULLABLE = { isNullable: true };

/** What an endpoint can ask for beside its URL, its keys, and what the dispatcher remembers of how it fares. */
const COLUMNS: [name: string, kind: ColumnKind, options: Partial<TableColumnOptions>][] = [
  ['batch', { kind: 'json' }, NULLABLE],
  ['ordering', { kind: 'code', length: 32 }, { default: "'none'" }],
  ['rate_limit', { kind: 'json' }, NULLABLE],
  ['signing', { kind: 'code', length: 16 }, { default: "'hmac'" }],
  ['format_options', { kind: 'long' }, NULLABLE],
  ['old_secrets', { kind: 'long' }, NULLABLE],
  ['public_key', { kind: 'text', length: 64 }, NULLABLE],
  ['suspended_until', { kind: 'instant' }, NULLABLE],
  ['failing_since', { kind: 'instant' }, NULLABLE],
  ['failure_count', { kind: 'count' }, { default: '0' }],
  ['last_failure_at', { kind: 'instant' }, NULLABLE],
];

export class CallbackOptions1795350000000 implements MigrationInterface {
  name = 'CallbackOptions1795350000000';

  async up(runner: QueryRunner): Promise<void> {
    const target = await columnTarget(runner);
    for (const [name, kind, options] of COLUMNS) {
      // MySQL commits each by itself: a migration that was killed half-way has left some of them.
      if (!(await runner.hasColumn(TABLE, name))) await runner.addColumn(TABLE, columnOf(target, name, kind, options));
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const [name] of COLUMNS.toReversed()) await runner.dropColumn(TABLE, name);
  }
}

function columnOf(target: ColumnTarget, name: string, kind: ColumnKind, options: Partial<TableColumnOptions>): TableColumn {
  return new TableColumn(tableColumn(target, name, kind, options));
}
