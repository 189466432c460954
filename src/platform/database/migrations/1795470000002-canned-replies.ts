import type { MigrationInterface, QueryRunner, TableColumnOptions } from 'typeorm';
import { columnTarget, tableColumn } from '../columns.js';
import type { ColumnKind } from '../columns.js';
import { tableOf } from '../table.js';

const ID: ColumnKind = { kind: 'id' };
const INSTANT: ColumnKind = { kind: 'instant' };
const text = (length: number): ColumnKind => ({ kind: 'text', length });

/** Texts that agents send again and again. */
export class CannedReplies1795470000002 implements MigrationInterface {
  name = 'CannedReplies1795470000002';

  async up(runner: QueryRunner): Promise<void> {
    const target = await columnTarget(runner);
    const c = (name: string, kind: ColumnKind, options?: Partial<TableColumnOptions>): TableColumnOptions => tableColumn(target, name, kind, options);
    const optional = { isNullable: true };
    const columns = [
      c('id', ID, { isPrimary: true }),
      c('organization_id', ID),
      c('scope', { kind: 'code', length: 16 }),
      c('department', text(100), optional),
      c('agent_id', ID, optional),
      c('owner', text(120)),
      c('shortcut', text(64)),
      c('title', text(200)),
      c('content', { kind: 'long' }),
      c('tags', { kind: 'json' }),
      c('search_text', { kind: 'long' }),
      c('created_at', INSTANT),
      c('updated_at', INSTANT),
    ];
    await runner.createTable(
      tableOf('canned_replies', columns, {
        unique: { canned_replies_shortcut: ['organization_id', 'owner', 'shortcut'] },
        index: { canned_replies_created: ['organization_id', 'created_at', 'id'] },
        references: { canned_replies_organization_fk: ['organization_id', 'organizations'] },
      }),
      true,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('canned_replies');
  }
}
