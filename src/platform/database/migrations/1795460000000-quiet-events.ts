import { TableColumn, TableIndex } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { columnTarget, tableColumn } from '../columns.js';

const INDEX = 'events_occurred';
const WITHOUT = ['organization_id', 'occurred_at'];
const WITH = ['organization_id', 'announced', 'occurred_at'];

/** Tells history that was brought in quietly from what callbacks have told. */
export class QuietEvents1795460000000 implements MigrationInterface {
  name = 'QuietEvents1795460000000';

  async up(runner: QueryRunner): Promise<void> {
    // MySQL commits each by itself: a migration that was killed half-way has made some of it.
    if (!(await runner.hasColumn('events', 'announced'))) {
      await runner.addColumn('events', new TableColumn(tableColumn(await columnTarget(runner), 'announced', { kind: 'flag' }, { default: '1' })));
    }
    await indexBy(runner, WITH);
  }

  async down(runner: QueryRunner): Promise<void> {
    await indexBy(runner, WITHOUT);
    await runner.dropColumn('events', 'announced');
  }
}

async function indexBy(runner: QueryRunner, columnNames: string[]): Promise<void> {
  const known = (await runner.getTable('events'))!.indices.find(({ name }) => name === INDEX);
  if (known?.columnNames.length === columnNames.length) return;
  if (known !== undefined) await runner.dropIndex('events', INDEX);
  await runner.createIndex('events', new TableIndex({ name: INDEX, columnNames }));
}
