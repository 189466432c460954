import type { MigrationInterface, QueryRunner, TableColumnOptions } from 'typeorm';
import { columnTarget, tableColumn } from '../columns.js';
import type { ColumnKind } from '../columns.js';
import { tableOf } from '../table.js';

/** Integrations. */
export class Applications1795340000000 implements MigrationInterface {
  name = 'Applications1795340000000';

  async up(runner: QueryRunner): Promise<void> {
    const target = await columnTarget(runner);
    const c = (name: string, kind: ColumnKind, options?: Partial<TableColumnOptions>): TableColumnOptions =>
      tableColumn(target, name, kind, options);
    const columns = [
      c('id', { kind: 'id' }, { isPrimary: true }),
      c('organization_id', { kind: 'id' }),
      c('name', { kind: 'text', length: 200 }),
      c('scopes', { kind: 'json' }),
      c('ip_allowlist', { kind: 'json' }),
      c('rate_limit', { kind: 'json' }, { isNullable: true }),
      c('data_scope', { kind: 'json' }, { isNullable: true }),
      c('enabled', { kind: 'flag' }),
      c('created_at', { kind: 'instant' }),
      c('updated_at', { kind: 'instant' }),
    ];
    const keys = {
      index: { applications_created: ['organization_id', 'created_at', 'id'] },
      references: { applications_organization_fk: ['organization_id', 'organizations'] as [string, string] },
    };
    // MySQL commits it by itself: one that was killed before it was noted down has made it already.
    await runner.createTable(tableOf('applications', columns, keys), true);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('applications');
  }
}
