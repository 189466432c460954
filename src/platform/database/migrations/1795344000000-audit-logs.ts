import type { MigrationInterface, QueryRunner, TableColumnOptions } from 'typeorm';
import { columnTarget, tableColumn } from '../columns.js';
import type { ColumnKind } from '../columns.js';
import { tableOf } from '../table.js';

const ID: ColumnKind = { kind: 'id' };
const JSON_TEXT: ColumnKind = { kind: 'json' };
const code = (length: number): ColumnKind => ({ kind: 'code', length });

/** Who did what to which object, from where, and when. */
export class AuditLogs1795344000000 implements MigrationInterface {
  name = 'AuditLogs1795344000000';

  async up(runner: QueryRunner): Promise<void> {
    const target = await columnTarget(runner);
    const c = (name: string, kind: ColumnKind, options?: Partial<TableColumnOptions>): TableColumnOptions => tableColumn(target, name, kind, options);
    const optional = { isNullable: true };
    const columns = [
      c('id', ID, { isPrimary: true }),
      c('organization_id', ID),
      c('actor_kind', code(16)),
      c('actor_id', ID, optional),
      c('application_id', ID, optional),
      c('action', code(64)),
      c('target_type', code(32)),
      c('target_id', ID, optional),
      c('changes', JSON_TEXT),
      c('details', JSON_TEXT),
      c('address', code(64), optional),
      c('user_agent', { kind: 'text', length: 500 }, optional),
      c('request_id', code(128), optional),
      c('created_at', { kind: 'instant' }),
    ];
    const index = {
      audit_logs_created: ['organization_id', 'created_at', 'id'],
      audit_logs_actor: ['organization_id', 'actor_id', 'created_at', 'id'],
      audit_logs_target: ['organization_id', 'target_id', 'created_at', 'id'],
      audit_logs_action: ['organization_id', 'action', 'created_at', 'id'],
    };
    // MySQL commits it by itself: one that was killed before it was noted down has made it already.
    await runner.createTable(tableOf('audit_logs', columns, { index }), true);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('audit_logs');
  }
}
