import type { MigrationInterface, QueryRunner } from 'typeorm';
import { columnTarget, tableColumn } from '../columns.js';
import { tableOf } from '../table.js';

/** What has left a batch: the answer to that may still tell of it, and is erased with it. */
export class CallbackFormerBatches1795490000005 implements MigrationInterface {
  name = 'CallbackFormerBatches1795490000005';

  async up(runner: QueryRunner): Promise<void> {
    const target = await columnTarget(runner);
    const columns = ['delivery_id', 'batch_id'].map((name) => tableColumn(target, name, { kind: 'id' }, { isPrimary: true }));
    await runner.createTable(tableOf('callback_former_batches', columns, { index: { callback_former_batches_batch: ['batch_id'] } }), true);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('callback_former_batches');
  }
}
