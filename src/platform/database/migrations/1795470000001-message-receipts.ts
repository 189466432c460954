import type { MigrationInterface, QueryRunner } from 'typeorm';
import { columnTarget, tableColumn } from '../columns.js';
import { tableOf } from '../table.js';

/** How far each side of a conversation has got and read what the other one wrote. */
export class MessageReceipts1795470000001 implements MigrationInterface {
  name = 'MessageReceipts1795470000001';

  async up(runner: QueryRunner): Promise<void> {
    const target = await columnTarget(runner);
    const columns = [
      tableColumn(target, 'conversation_id', { kind: 'id' }, { isPrimary: true }),
      ...['desk_delivered', 'desk_read', 'visitor_delivered', 'visitor_read'].map((name) => tableColumn(target, name, { kind: 'count' }, { default: '0' })),
    ];
    await runner.createTable(tableOf('message_receipts', columns), true);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('message_receipts');
  }
}
