import { TableColumn, TableIndex } from 'typeorm';
import type { MigrationInterface, QueryRunner, TableColumnOptions } from 'typeorm';
import { columnTarget, tableColumn } from '../columns.js';
import type { ColumnKind } from '../columns.js';
import { tableOf } from '../table.js';

const ID: ColumnKind = { kind: 'id' };
const INSTANT: ColumnKind = { kind: 'instant' };
const COUNT: ColumnKind = { kind: 'count' };
const JSON_TEXT: ColumnKind = { kind: 'json' };
const code = (length: number): ColumnKind => ({ kind: 'code', length });
const text = (length: number): ColumnKind => ({ kind: 'text', length });

const OPTIONAL = { isNullable: true } as const;

const OF_CONVERSATIONS: [name: string, kind: ColumnKind, options: { default: string } | { isNullable: true }][] = [
  ['accepted_at', INSTANT, OPTIONAL],
  ['accept_due_at', INSTANT, OPTIONAL],
  ['avoided_agent_id', ID, OPTIONAL],
  ['rating', COUNT, OPTIONAL],
  ['rating_comment', text(2000), OPTIONAL],
  ['rated_at', INSTANT, OPTIONAL],
  ['transfer_count', COUNT, { default: '0' }],
  ['last_message_at', INSTANT, OPTIONAL],
  ['closed_reason', code(32), OPTIONAL],
  ['off_hours', { kind: 'flag' }, { default: '0' }],
];

const INDEXES: Record<string, string[]> = {
  conversations_accept_due: ['accept_due_at'],
  conversations_closed: ['organization_id', 'closed_at'],
  conversations_department: ['organization_id', 'department', 'created_at', 'id'],
  conversations_rating: ['organization_id', 'rating', 'created_at', 'id'],
};

/** Departments and their business hours, and what routing keeps of each conversation. */
export class Routing1795410000000 implements MigrationInterface {
  name = 'Routing1795410000000';

  async up(runner: QueryRunner): Promise<void> {
    const target = await columnTarget(runner);
    const c = (name: string, kind: ColumnKind, options?: Partial<TableColumnOptions>): TableColumnOptions => tableColumn(target, name, kind, options);
    // MySQL commits each by itself: a migration that was killed half-way has made some of them.
    await runner.createTable(tableOf('business_hours', [
      c('id', ID, { isPrimary: true }),
      c('organization_id', ID),
      c('name', text(100)),
      c('time_zone', code(64)),
      c('weekly', JSON_TEXT),
      c('holidays', JSON_TEXT),
      c('created_at', INSTANT),
      c('updated_at', INSTANT),
    ], {
      unique: { business_hours_name: ['organization_id', 'name'] },
      index: { business_hours_created: ['organization_id', 'created_at', 'id'] },
      references: { business_hours_organization_fk: ['organization_id', 'organizations'] },
    }), true);
    await runner.createTable(tableOf('departments', [
      c('id', ID, { isPrimary: true }),
      c('organization_id', ID),
      c('name', text(100)),
      c('default_of', ID, OPTIONAL),
      c('description', text(2000), OPTIONAL),
      c('skills', JSON_TEXT),
      c('business_hours_id', ID, OPTIONAL),
      c('off_hours', code(16)),
      c('assignment_timeout_seconds', COUNT, OPTIONAL),
      c('inactivity_close_seconds', COUNT, OPTIONAL),
      c('created_at', INSTANT),
      c('updated_at', INSTANT),
    ], {
      unique: { departments_name: ['organization_id', 'name'], departments_default: ['default_of'] },
      index: { departments_created: ['organization_id', 'created_at', 'id'], departments_hours: ['business_hours_id'] },
      references: { departments_organization_fk: ['organization_id', 'organizations'], departments_hours_fk: ['business_hours_id', 'business_hours'] },
    }), true);
    await runner.createTable(tableOf('conversation_assignments', [
      c('id', ID, { isPrimary: true }),
      c('organization_id', ID),
      c('conversation_id', ID),
      c('kind', code(16)),
      c('agent_id', ID, OPTIONAL),
      c('department', text(100), OPTIONAL),
      c('previous_agent_id', ID, OPTIONAL),
      c('previous_department', text(100), OPTIONAL),
      c('reason', text(500), OPTIONAL),
      c('actor_id', ID, OPTIONAL),
      c('at', INSTANT),
    ], {
      index: { conversation_assignments_conversation: ['conversation_id', 'at', 'id'], conversation_assignments_recent: ['organization_id', 'kind', 'at'] },
      references: { conversation_assignments_conversation_fk: ['conversation_id', 'conversations'] },
    }), true);
    const missing: TableColumn[] = [];
    for (const [name, kind, options] of OF_CONVERSATIONS) {
      if (!(await runner.hasColumn('conversations', name))) missing.push(new TableColumn(c(name, kind, options)));
    }
    if (missing.length > 0) await runner.addColumns('conversations', missing);
    // What was served before has been taken up.
    await runner.query("UPDATE conversations SET accepted_at = assigned_at WHERE accepted_at IS NULL AND status IN ('open', 'pending')");
    await runner.query("UPDATE conversations SET closed_reason = 'ended' WHERE closed_reason IS NULL AND status = 'closed'");
    await runner.query(
      `UPDATE conversations SET last_message_at = (SELECT m.created_at FROM messages m WHERE m.conversation_id = conversations.id AND m.seq = conversations.last_seq)
       WHERE last_message_at IS NULL AND last_seq > 0`,
    );
    const known = (await runner.getTable('conversations'))!.indices.map(({ name }) => name);
    for (const [name, columnNames] of Object.entries(INDEXES)) {
      if (!known.includes(name)) await runner.createIndex('conversations', new TableIndex({ name, columnNames }));
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const name of Object.keys(INDEXES).toReversed()) await runner.dropIndex('conversations', name);
    await runner.dropColumns('conversations', OF_CONVERSATIONS.map(([name]) => name));
    for (const table of ['conversation_assignments', 'departments', 'business_hours']) await runner.dropTable(table);
  }
}
