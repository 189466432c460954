import type { MigrationInterface, QueryRunner } from 'typeorm';
import { columnTarget, tableColumn } from '../columns.js';
import { tableOf } from '../table.js';

/** Which conversations of other systems have been brought in. */
export class Imports1795460000001 implements MigrationInterface {
  name = 'Imports1795460000001';

  async up(runner: QueryRunner): Promise<void> {
    const target = await columnTarget(runner);
    const columns = [
      tableColumn(target, 'organization_id', { kind: 'id' }, { isPrimary: true }),
      tableColumn(target, 'external_id', { kind: 'code', length: 191 }, { isPrimary: true }),
      tableColumn(target, 'conversation_id', { kind: 'id' }),
    ];
    const references: Record<string, [string, string]> = { imported_conversations_conversation_fk: ['conversation_id', 'conversations'] };
    await runner.createTable(tableOf('imported_conversations', columns, { references }), true);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('imported_conversations');
  }
}
