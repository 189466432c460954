import type { MigrationInterface, QueryRunner } from 'typeorm';
import { columnTarget, tableColumn } from '../columns.js';
import { tableOf } from '../table.js';

/** From where accounts have logged in: guessing from elsewhere must not lock their owners out. */
export class KnownLoginAddresses1795343000000 implements MigrationInterface {
  name = 'KnownLoginAddresses1795343000000';

  async up(runner: QueryRunner): Promise<void> {
    const target = await columnTarget(runner);
    const columns = [
      tableColumn(target, 'hash', { kind: 'code', length: 64 }, { isPrimary: true }),
      tableColumn(target, 'expires_at', { kind: 'instant' }),
    ];
    await runner.createTable(tableOf('known_login_addresses', columns, { index: { known_login_addresses_expiry: ['expires_at'] } }), true);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('known_login_addresses');
  }
}
