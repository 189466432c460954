import { TableIndex } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const INDEX = 'callback_deliveries_created';

/** The index of lists holds the event's name too: a name that is rare among millions is looked for in the index alone. */
export class DeliveriesListedByEvent1795490000006 implements MigrationInterface {
  name = 'DeliveriesListedByEvent1795490000006';

  async up(runner: QueryRunner): Promise<void> {
    await build(runner, ['callback_id', 'created_at', 'id', 'event']);
  }

  async down(runner: QueryRunner): Promise<void> {
    await build(runner, ['callback_id', 'created_at', 'id']);
  }
}

async function build(runner: QueryRunner, columnNames: string[]): Promise<void> {
  const { indices } = (await runner.getTable('callback_deliveries'))!;
  const present = indices.find(({ name }) => name === INDEX);
  if (present?.columnNames.length === columnNames.length) return;
  if (present !== undefined) await runner.dropIndex('callback_deliveries', INDEX);
  await runner.createIndex('callback_deliveries', new TableIndex({ name: INDEX, columnNames }));
}
