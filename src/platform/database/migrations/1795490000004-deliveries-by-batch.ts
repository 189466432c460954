import { TableIndex } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const INDEX = 'callback_deliveries_batch';

/** What went in one request: the answer to it may tell of each of them, and is erased with any. */
export class DeliveriesByBatch1795490000004 implements MigrationInterface {
  name = 'DeliveriesByBatch1795490000004';

  async up(runner: QueryRunner): Promise<void> {
    const { indices } = (await runner.getTable('callback_deliveries'))!;
    if (indices.some(({ name }) => name === INDEX)) return;
    await runner.createIndex('callback_deliveries', new TableIndex({ name: INDEX, columnNames: ['batch_id'] }));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropIndex('callback_deliveries', INDEX);
  }
}
