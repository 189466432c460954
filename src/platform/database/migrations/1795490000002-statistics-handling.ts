import { TableColumn, TableIndex } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { columnTarget, tableColumn } from '../columns.js';
import type { ColumnKind } from '../columns.js';

const INDEX = 'statistics_serving_agent';

/** Handling is counted conversation by conversation, from when its agent got it. */
export class StatisticsHandling1795490000002 implements MigrationInterface {
  name = 'StatisticsHandling1795490000002';

  async up(runner: QueryRunner): Promise<void> {
    const target = await columnTarget(runner);
    // MySQL commits each by itself: a migration that was killed half-way has made some of it.
    const add = async (table: string, name: string, kind: ColumnKind, options: Partial<TableColumn>): Promise<void> => {
      if (!(await runner.hasColumn(table, name))) await runner.addColumn(table, new TableColumn(tableColumn(target, name, kind, options)));
    };
    await add('statistics_serving', 'since', { kind: 'instant' }, { isNullable: true });
    await add('statistics_serving', 'occupies', { kind: 'flag' }, { default: '1' });
    await add('statistics_agent_periods', 'handling', { kind: 'flag' }, { default: '1' });
    // Up to the last change of its agent the handling of what is open has been counted.
    await runner.query(
      `UPDATE statistics_serving SET since = (SELECT a.since FROM statistics_agents a WHERE a.agent_id = statistics_serving.agent_id)
       WHERE agent_id IS NOT NULL AND since IS NULL`,
    );
    const { indices } = (await runner.getTable('statistics_serving'))!;
    if (indices.some(({ name }) => name === INDEX)) return;
    await runner.createIndex('statistics_serving', new TableIndex({ name: INDEX, columnNames: ['organization_id', 'agent_id'] }));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropIndex('statistics_serving', INDEX);
    await runner.dropColumn('statistics_agent_periods', 'handling');
    await runner.dropColumn('statistics_serving', 'occupies');
    await runner.dropColumn('statistics_serving', 'since');
  }
}
