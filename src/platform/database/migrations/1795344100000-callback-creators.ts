import { TableColumn, TableIndex } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { columnTarget, tableColumn } from '../columns.js';

const TABLE = 'callback_endpoints';
const INDEX_OF = { agent_id: 'callback_endpoints_agent', application_id: 'callback_endpoints_application' };

/** Which agent and which application made an endpoint: what it receives follows what they may see. */
export class CallbackCreators1795344100000 implements MigrationInterface {
  name = 'CallbackCreators1795344100000';

  async up(runner: QueryRunner): Promise<void> {
    const target = await columnTarget(runner);
    for (const [column, index] of Object.entries(INDEX_OF)) {
      // MySQL commits each by itself: a migration that was killed half-way has left some of them.
      if (!(await runner.hasColumn(TABLE, column))) {
        await runner.addColumn(TABLE, new TableColumn(tableColumn(target, column, { kind: 'id' }, { isNullable: true })));
      }
      const table = await runner.getTable(TABLE);
      if (!table!.indices.some(({ name }) => name === index)) await runner.createIndex(TABLE, new TableIndex({ name: index, columnNames: [column] }));
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const [column, index] of Object.entries(INDEX_OF)) {
      await runner.dropIndex(TABLE, index);
      await runner.dropColumn(TABLE, column);
    }
  }
}
