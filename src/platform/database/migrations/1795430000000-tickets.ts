import type { MigrationInterface, QueryRunner, TableColumnOptions } from 'typeorm';
import { columnTarget, tableColumn } from '../columns.js';
import type { ColumnKind } from '../columns.js';
import { tableOf } from '../table.js';

const ID: ColumnKind = { kind: 'id' };
const INSTANT: ColumnKind = { kind: 'instant' };
const JSON_TEXT: ColumnKind = { kind: 'json' };
const LONG: ColumnKind = { kind: 'long' };
const code = (length: number): ColumnKind => ({ kind: 'code', length });
const text = (length: number): ColumnKind => ({ kind: 'text', length });

const OPTIONAL = { isNullable: true } as const;
const LOGS = ['ticket_changes', 'ticket_comments', 'ticket_tags'];

/** Tickets with their tags, comments and history. */
export class Tickets1795430000000 implements MigrationInterface {
  name = 'Tickets1795430000000';

  async up(runner: QueryRunner): Promise<void> {
    const target = await columnTarget(runner);
    const c = (name: string, kind: ColumnKind, options?: Partial<TableColumnOptions>): TableColumnOptions => tableColumn(target, name, kind, options);
    // MySQL commits each by itself: a migration that was killed half-way has made some of them.
    await runner.createTable(tableOf('tickets', [
      c('id', ID, { isPrimary: true }),
      c('organization_id', ID),
      c('external_id', text(191)),
      c('title', text(500)),
      c('content', LONG, OPTIONAL),
      c('priority', code(16)),
      c('category', text(100), OPTIONAL),
      c('status', code(16)),
      c('handler', text(191), OPTIONAL),
      c('agent_id', ID, OPTIONAL),
      c('department', text(100), OPTIONAL),
      c('channel', text(64), OPTIONAL),
      c('conversation_id', ID, OPTIONAL),
      c('visitor_id', ID, OPTIONAL),
      c('customer_id', text(191), OPTIONAL),
      c('due_at', INSTANT),
      c('tags', JSON_TEXT),
      c('status_at', INSTANT, OPTIONAL),
      c('status_written', JSON_TEXT),
      c('leave_message_of', ID, OPTIONAL),
      c('created_at', INSTANT),
      c('updated_at', INSTANT),
    ], {
      unique: { tickets_external_id: ['organization_id', 'external_id'], tickets_leave_message: ['leave_message_of'] },
      index: {
        tickets_created: ['organization_id', 'created_at', 'id'],
        tickets_updated: ['organization_id', 'updated_at', 'id'],
        tickets_due: ['organization_id', 'due_at', 'id'],
        tickets_status: ['organization_id', 'status', 'created_at', 'id'],
        tickets_handler: ['organization_id', 'handler', 'created_at', 'id'],
        tickets_customer: ['organization_id', 'customer_id', 'created_at', 'id'],
        tickets_agent: ['agent_id', 'status'],
        tickets_conversation: ['conversation_id', 'created_at', 'id'],
        tickets_visitor: ['visitor_id', 'created_at', 'id'],
      },
      references: {
        tickets_organization_fk: ['organization_id', 'organizations'],
        tickets_agent_fk: ['agent_id', 'agents'],
        tickets_conversation_fk: ['conversation_id', 'conversations'],
      },
    }), true);
    await runner.createTable(tableOf('ticket_tags', [
      c('ticket_id', ID, { isPrimary: true }),
      c('tag', code(100), { isPrimary: true }),
      c('organization_id', ID),
    ], { index: { ticket_tags_tag: ['organization_id', 'tag', 'ticket_id'] }, references: { ticket_tags_ticket_fk: ['ticket_id', 'tickets'] } }), true);
    await runner.createTable(tableOf('ticket_comments', [
      c('id', ID, { isPrimary: true }),
      c('ticket_id', ID),
      c('content', LONG),
      c('author_type', code(16)),
      c('author_id', ID),
      c('author_name', text(191), OPTIONAL),
      c('created_at', INSTANT),
    ], { index: { ticket_comments_created: ['ticket_id', 'created_at', 'id'] }, references: { ticket_comments_ticket_fk: ['ticket_id', 'tickets'] } }), true);
    await runner.createTable(tableOf('ticket_changes', [
      c('id', ID, { isPrimary: true }),
      c('ticket_id', ID),
      c('field', code(32)),
      c('old_value', JSON_TEXT),
      c('new_value', JSON_TEXT),
      c('changed_by', ID),
      c('application_id', ID, OPTIONAL),
      c('created_at', INSTANT),
    ], { index: { ticket_changes_created: ['ticket_id', 'created_at', 'id'] }, references: { ticket_changes_ticket_fk: ['ticket_id', 'tickets'] } }), true);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of [...LOGS, 'tickets']) await runner.dropTable(table);
  }
}
