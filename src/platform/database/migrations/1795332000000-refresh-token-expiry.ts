import { TableIndex } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const INDEX = 'refresh_tokens_expiry';

/** Lets expired refresh tokens be found. */
export class RefreshTokenExpiry1795332000000 implements MigrationInterface {
  name = 'RefreshTokenExpiry1795332000000';

  async up(runner: QueryRunner): Promise<void> {
    const table = await runner.getTable('refresh_tokens');
    // MySQL commits it by itself: one that was killed before it was noted down has made it already.
    if (table!.indices.some(({ name }) => name === INDEX)) return;
    await runner.createIndex('refresh_tokens', new TableIndex({ name: INDEX, columnNames: ['expires_at'] }));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropIndex('refresh_tokens', INDEX);
  }
}
