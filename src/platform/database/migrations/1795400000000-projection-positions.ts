import type { MigrationInterface, QueryRunner } from 'typeorm';
import { columnTarget, tableColumn } from '../columns.js';
import { tableOf } from '../table.js';

/** How far the projections have read the event log. */
export class ProjectionPositions1795400000000 implements MigrationInterface {
  name = 'ProjectionPositions1795400000000';

  async up(runner: QueryRunner): Promise<void> {
    const target = await columnTarget(runner);
    const columns = [
      tableColumn(target, 'projection', { kind: 'code', length: 64 }, { isPrimary: true }),
      tableColumn(target, 'organization_id', { kind: 'id' }, { isPrimary: true }),
      tableColumn(target, 'position', { kind: 'number' }),
    ];
    await runner.createTable(tableOf('projection_positions', columns), true);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('projection_positions');
  }
}
