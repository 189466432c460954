import type { MigrationInterface, QueryRunner, TableColumnOptions } from 'typeorm';
import { columnTarget, tableColumn } from '../columns.js';
import type { ColumnKind } from '../columns.js';
import { tableOf } from '../table.js';

const OPTIONAL = { isNullable: true };

/** The keys that applications sign requests with. */
export class SigningKeys1795342000000 implements MigrationInterface {
  name = 'SigningKeys1795342000000';

  async up(runner: QueryRunner): Promise<void> {
    const target = await columnTarget(runner);
    const c = (name: string, kind: ColumnKind, options?: Partial<TableColumnOptions>): TableColumnOptions =>
      tableColumn(target, name, kind, options);
    const columns = [
      c('id', { kind: 'id' }, { isPrimary: true }),
      c('organization_id', { kind: 'id' }),
      c('application_id', { kind: 'id' }),
      c('name', { kind: 'text', length: 200 }),
      c('algorithm', { kind: 'code', length: 16 }),
      c('secret', { kind: 'long' }, OPTIONAL),
      c('public_key', { kind: 'long' }, OPTIONAL),
      c('created_at', { kind: 'instant' }),
      c('expires_at', { kind: 'instant' }, OPTIONAL),
      c('rotated_at', { kind: 'instant' }, OPTIONAL),
      c('revoked_at', { kind: 'instant' }, OPTIONAL),
      c('last_used_at', { kind: 'instant' }, OPTIONAL),
    ];
    const keys = {
      index: { signing_keys_application: ['application_id', 'created_at', 'id'] },
      references: { signing_keys_application_fk: ['application_id', 'applications'] as [string, string] },
    };
    // MySQL commits it by itself: one that was killed before it was noted down has made it already.
    await runner.createTable(tableOf('signing_keys', columns, keys), true);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('signing_keys');
  }
}
