import { TableColumn, TableIndex } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { columnTarget, tableColumn } from '../columns.js';
import type { ColumnKind } from '../columns.js';

const DELIVERIES = 'callback_deliveries';
const ENDPOINTS = 'callback_endpoints';
const INDEX = 'callback_deliveries_conversation';

const COLUMNS: [table: string, name: string, kind: ColumnKind, options: { default: string } | { isNullable: true }][] = [
  [DELIVERIES, 'conversation_id', { kind: 'id' }, { isNullable: true }],
  [DELIVERIES, 'event_number', { kind: 'number' }, { isNullable: true }],
  [DELIVERIES, 'batch_id', { kind: 'id' }, { isNullable: true }],
  [ENDPOINTS, 'suspension_count', { kind: 'count' }, { default: '0' }],
  [ENDPOINTS, 'rate_grants', { kind: 'json' }, { isNullable: true }],
];

/** What the dispatcher needs for the order within a conversation, for batches, for suspension and for rate limits. */
export class CallbackDispatch1795352000000 implements MigrationInterface {
  name = 'CallbackDispatch1795352000000';

  async up(runner: QueryRunner): Promise<void> {
    const target = await columnTarget(runner);
    for (const [table, name, kind, options] of COLUMNS) {
      // MySQL commits each by itself: a migration that was killed half-way has left some of them.
      if (!(await runner.hasColumn(table, name))) await runner.addColumn(table, new TableColumn(tableColumn(target, name, kind, options)));
    }
    const table = await runner.getTable(DELIVERIES);
    if (table!.indices.some(({ name }) => name === INDEX)) return;
    await runner.createIndex(DELIVERIES, new TableIndex({ name: INDEX, columnNames: ['callback_id', 'conversation_id', 'event_number'] }));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropIndex(DELIVERIES, INDEX);
    for (const [table, name] of COLUMNS.toReversed()) await runner.dropColumn(table, name);
  }
}
