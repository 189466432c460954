import { TableColumn, TableIndex } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { columnTarget, tableColumn } from '../columns.js';

const INDEXES: [table: string, name: string, columns: string[]][] = [
  ['organizations', 'organizations_created', ['created_at', 'id']],
  ['api_keys', 'api_keys_of_organization', ['organization_id', 'application_id', 'created_at', 'id']],
];

/** Lets organizations be closed, and lists them and the keys that belong to no application. */
export class OrganizationClosing1795480000000 implements MigrationInterface {
  name = 'OrganizationClosing1795480000000';

  /** MySQL commits each step by itself: what one that was killed half-way has made is there already. */
  async up(runner: QueryRunner): Promise<void> {
    const target = await columnTarget(runner);
    if (!(await runner.hasColumn('organizations', 'closed_at'))) {
      await runner.addColumn('organizations', new TableColumn(tableColumn(target, 'closed_at', { kind: 'instant' }, { isNullable: true })));
    }
    for (const [table, name, columnNames] of INDEXES) {
      const { indices } = (await runner.getTable(table))!;
      if (!indices.some((index) => index.name === name)) await runner.createIndex(table, new TableIndex({ name, columnNames }));
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const [table, name] of INDEXES.toReversed()) await runner.dropIndex(table, name);
    await runner.dropColumn('organizations', 'closed_at');
  }
}
