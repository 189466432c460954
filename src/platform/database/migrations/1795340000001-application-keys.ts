import { TableColumn, TableForeignKey, TableIndex } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { columnTarget, tableColumn } from '../columns.js';
import type { ColumnKind } from '../columns.js';

const TABLE = 'api_keys';
const INDEX = 'api_keys_application';
const FOREIGN_KEY = 'api_keys_application_fk';

const COLUMNS: Record<string, ColumnKind> = {
  application_id: { kind: 'id' },
  hint: { kind: 'code', length: 8 },
  expires_at: { kind: 'instant' },
  rotated_at: { kind: 'instant' },
  last_used_at: { kind: 'instant' },
};

/** Lets API keys belong to an application, expire and be rotated. */
export class ApplicationKeys1795340000001 implements MigrationInterface {
  name = 'ApplicationKeys1795340000001';

  /** MySQL commits each step by itself: what one that was killed half-way has made is there already. */
  async up(runner: QueryRunner): Promise<void> {
    const target = await columnTarget(runner);
    const before = (await runner.getTable(TABLE))!;
    const missing = Object.entries(COLUMNS).filter(([name]) => before.findColumnByName(name) === undefined);
    await runner.addColumns(TABLE, missing.map(([name, kind]) => new TableColumn(tableColumn(target, name, kind, { isNullable: true }))));
    const { indices, foreignKeys } = (await runner.getTable(TABLE))!;
    if (!indices.some(({ name }) => name === INDEX)) {
      await runner.createIndex(TABLE, new TableIndex({ name: INDEX, columnNames: ['application_id', 'created_at', 'id'] }));
    }
    if (foreignKeys.some(({ name }) => name === FOREIGN_KEY)) return;
    await runner.createForeignKey(TABLE, new TableForeignKey({
      name: FOREIGN_KEY, columnNames: ['application_id'], referencedTableName: 'applications', referencedColumnNames: ['id'], onDelete: 'NO ACTION', onUpdate: 'NO ACTION',
    }));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropForeignKey(TABLE, FOREIGN_KEY);
    await runner.dropIndex(TABLE, INDEX);
    await runner.dropColumns(TABLE, Object.keys(COLUMNS));
  }
}
