import { TableIndex } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const INDEX = 'messages_created';

/** Messages by their own instant: those of history that was brought in have later numbers than it. */
export class MessagesByTime1795490000003 implements MigrationInterface {
  name = 'MessagesByTime1795490000003';

  async up(runner: QueryRunner): Promise<void> {
    const { indices } = (await runner.getTable('messages'))!;
    if (indices.some(({ name }) => name === INDEX)) return;
    await runner.createIndex('messages', new TableIndex({ name: INDEX, columnNames: ['organization_id', 'created_at', 'number'] }));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropIndex('messages', INDEX);
  }
}
