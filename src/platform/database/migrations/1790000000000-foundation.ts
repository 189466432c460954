import type { MigrationInterface, QueryRunner, TableColumnOptions } from 'typeorm';
import { ulid } from '../../../kernel/ids.js';
import { columnTarget, tableColumn } from '../columns.js';
import type { ColumnKind } from '../columns.js';
import { tableOf } from '../table.js';
import type { Keys } from '../table.js';

const ID: ColumnKind = { kind: 'id' };
const LONG: ColumnKind = { kind: 'long' };
const JSON_TEXT: ColumnKind = { kind: 'json' };
const INSTANT: ColumnKind = { kind: 'instant' };
const COUNT: ColumnKind = { kind: 'count' };
const NUMBER: ColumnKind = { kind: 'number' };
const SERIAL: ColumnKind = { kind: 'serial' };
const FLAG: ColumnKind = { kind: 'flag' };
const code = (length: number): ColumnKind => ({ kind: 'code', length });
const text = (length: number): ColumnKind => ({ kind: 'text', length });

/** Organizations, agents, visitors, conversations, messages, the event log and callbacks. */
export class Foundation1790000000000 implements MigrationInterface {
  name = 'Foundation1790000000000';

  async up(runner: QueryRunner): Promise<void> {
    const target = await columnTarget(runner);
    // MySQL commits each table by itself: a first start that was killed half-way has left some of them.
    const resumes = await runner.hasTable('deployments');
    const c = (name: string, kind: ColumnKind, options?: Partial<TableColumnOptions>): TableColumnOptions =>
      tableColumn(target, name, kind, options);
    const create = (name: string, columns: TableColumnOptions[], keys?: Keys): Promise<void> =>
      runner.createTable(tableOf(name, columns, keys), resumes);

    await create('deployments', [c('id', ID, { isPrimary: true }), c('created_at', INSTANT)]);
    const known = (await runner.query('SELECT id FROM deployments')) as unknown[];
    if (known.length === 0) await runner.query('INSERT INTO deployments (id, created_at) VALUES (?, ?)', [`dep_${ulid()}`, Date.now()]);
    await create('organizations', [
      c('id', ID, { isPrimary: true }),
      c('slug', code(64)),
      c('name', text(200)),
      c('time_zone', code(64)),
      c('operator', FLAG),
      c('created_at', INSTANT),
      c('updated_at', INSTANT),
    ], {
      unique: { organizations_slug: ['slug'] },
    });
    await create('routing_locks', [c('organization_id', ID, { isPrimary: true })]);
    await create('api_keys', [
      c('id', ID, { isPrimary: true }),
      c('organization_id', ID),
      c('name', text(200)),
      c('key_hash', code(64)),
      c('scopes', JSON_TEXT),
      c('created_at', INSTANT),
      c('revoked_at', INSTANT, { isNullable: true }),
    ], {
      unique: { api_keys_hash: ['key_hash'] },
      index: { api_keys_organization: ['organization_id'] },
      references: { api_keys_organization_fk: ['organization_id', 'organizations'] },
    });
    await create('agents', [
      c('id', ID, { isPrimary: true }),
      c('organization_id', ID),
      c('username', text(100)),
      c('password_hash', text(255), { isNullable: true }),
      c('nickname', text(200)),
      c('email', text(254), { isNullable: true }),
      c('mobile', text(40), { isNullable: true }),
      c('avatar_url', text(2000), { isNullable: true }),
      c('role', code(16)),
      c('department', text(100), { isNullable: true }),
      c('skills', JSON_TEXT),
      c('max_conversations', COUNT),
      c('status', code(16)),
      c('enabled', FLAG),
      c('active_conversations', COUNT, { default: '0' }),
      c('idle_since', INSTANT),
      c('created_at', INSTANT),
      c('updated_at', INSTANT),
    ], {
      unique: { agents_username: ['organization_id', 'username'] },
      index: { agents_routing: ['organization_id', 'status', 'active_conversations'], agents_created: ['organization_id', 'created_at', 'id'] },
      references: { agents_organization_fk: ['organization_id', 'organizations'] },
    });
    await create('token_keys', [
      c('id', ID, { isPrimary: true }),
      c('secret', LONG),
      c('created_at', INSTANT),
    ]);
    await create('refresh_tokens', [
      c('id', ID, { isPrimary: true }),
      c('organization_id', ID),
      c('agent_id', ID),
      c('family_id', ID),
      c('token_hash', code(64)),
      c('created_at', INSTANT),
      c('expires_at', INSTANT),
      c('used_at', INSTANT, { isNullable: true }),
      c('revoked_at', INSTANT, { isNullable: true }),
    ], {
      unique: { refresh_tokens_hash: ['token_hash'] },
      index: { refresh_tokens_family: ['family_id'], refresh_tokens_agent: ['agent_id'] },
      references: { refresh_tokens_agent_fk: ['agent_id', 'agents'] },
    });
    await create('visitors', [
      c('id', ID, { isPrimary: true }),
      c('organization_id', ID),
      c('external_id', text(191), { isNullable: true }),
      c('name', text(200), { isNullable: true }),
      c('email', text(254), { isNullable: true }),
      c('mobile', text(40), { isNullable: true }),
      c('avatar_url', text(2000), { isNullable: true }),
      c('language', code(35), { isNullable: true }),
      c('visitor_type', text(64), { isNullable: true }),
      c('tags', JSON_TEXT),
      c('metadata', JSON_TEXT),
      c('customer_id', text(191), { isNullable: true }),
      c('push_info', text(255), { isNullable: true }),
      c('my_data', text(2000), { isNullable: true }),
      c('online', FLAG, { default: '0' }),
      c('last_seen_at', INSTANT, { isNullable: true }),
      c('created_at', INSTANT),
      c('updated_at', INSTANT),
    ], {
      unique: { visitors_external_id: ['organization_id', 'external_id'] },
      index: { visitors_created: ['organization_id', 'created_at', 'id'] },
      references: { visitors_organization_fk: ['organization_id', 'organizations'] },
    });
    await create('conversations', [
      c('id', ID, { isPrimary: true }),
      c('organization_id', ID),
      c('visitor_id', ID),
      c('agent_id', ID, { isNullable: true }),
      c('channel', text(64)),
      c('category', text(100), { isNullable: true }),
      c('department', text(100), { isNullable: true }),
      c('subject', text(500), { isNullable: true }),
      c('priority', code(16)),
      c('skills', JSON_TEXT),
      c('tags', JSON_TEXT),
      c('metadata', JSON_TEXT),
      c('status', code(16)),
      c('queued_at', INSTANT, { isNullable: true }),
      c('last_seq', COUNT, { default: '0' }),
      c('unread_count', COUNT, { default: '0' }),
      c('created_at', INSTANT),
      c('updated_at', INSTANT),
      c('assigned_at', INSTANT, { isNullable: true }),
      c('first_response_at', INSTANT, { isNullable: true }),
      c('closed_at', INSTANT, { isNullable: true }),
      c('closed_by', ID, { isNullable: true }),
    ], {
      index: {
        conversations_created: ['organization_id', 'created_at', 'id'],
        conversations_queue: ['organization_id', 'status', 'queued_at'],
        conversations_agent: ['agent_id', 'status'],
        conversations_visitor: ['visitor_id', 'created_at'],
      },
      references: { conversations_visitor_fk: ['visitor_id', 'visitors'], conversations_agent_fk: ['agent_id', 'agents'] },
    });
    await create('messages', [
      c('number', SERIAL),
      c('id', ID),
      c('organization_id', ID),
      c('conversation_id', ID),
      c('seq', COUNT),
      c('sender_type', code(16)),
      c('sender_id', text(64), { isNullable: true }),
      c('type', code(16)),
      c('content', JSON_TEXT, { isNullable: true }),
      c('metadata', JSON_TEXT),
      c('client_msg_no', text(100), { isNullable: true }),
      c('status', code(16)),
      c('created_at', INSTANT),
      c('edited_at', INSTANT, { isNullable: true }),
      c('deleted_at', INSTANT, { isNullable: true }),
    ], {
      unique: { messages_id: ['id'], messages_seq: ['conversation_id', 'seq'], messages_client_msg_no: ['conversation_id', 'client_msg_no'] },
      index: { messages_organization: ['organization_id', 'number'] },
      references: { messages_conversation_fk: ['conversation_id', 'conversations'] },
    });
    await create('events', [
      c('number', SERIAL),
      c('id', ID),
      c('organization_id', ID),
      c('position', NUMBER, { isNullable: true }),
      c('type', code(64)),
      c('occurred_at', INSTANT),
      c('data', JSON_TEXT),
      c('conversation_id', ID, { isNullable: true }),
      c('agent_id', ID, { isNullable: true }),
      c('department', text(100), { isNullable: true }),
      c('channel', text(64), { isNullable: true }),
      c('queued', FLAG),
      c('shared', FLAG),
    ], {
      unique: { events_id: ['id'], events_position: ['organization_id', 'position'] },
    });
    await create('event_positions', [
      c('organization_id', ID, { isPrimary: true }),
      c('last_position', NUMBER),
    ]);
    await create('callback_endpoints', [
      c('id', ID, { isPrimary: true }),
      c('organization_id', ID),
      c('url', text(2000)),
      c('events', JSON_TEXT),
      c('format', code(32)),
      c('secret', LONG),
      c('headers', LONG),
      c('timeout_ms', COUNT),
      c('schedule_seconds', JSON_TEXT),
      c('own_schedule', FLAG),
      c('filter', JSON_TEXT),
      c('visibility', JSON_TEXT),
      c('enabled', FLAG),
      c('disabled_reason', code(64), { isNullable: true }),
      c('description', text(500), { isNullable: true }),
      c('created_at', INSTANT),
      c('updated_at', INSTANT),
    ], {
      index: { callback_endpoints_created: ['organization_id', 'created_at', 'id'] },
      references: { callback_endpoints_organization_fk: ['organization_id', 'organizations'] },
    });
    await create('callback_versions', [
      c('organization_id', ID, { isPrimary: true }),
      c('version', code(26)),
    ]);
    await create('callback_deliveries', [
      c('id', ID, { isPrimary: true }),
      c('organization_id', ID),
      c('callback_id', ID),
      c('event_id', ID),
      c('event', code(64)),
      c('status', code(16)),
      c('attempt_count', COUNT, { default: '0' }),
      c('schedule_index', COUNT, { default: '0' }),
      c('due_at', INSTANT, { isNullable: true }),
      c('claim_token', code(40), { isNullable: true }),
      c('last_status_code', COUNT, { isNullable: true }),
      c('created_at', INSTANT),
      c('succeeded_at', INSTANT, { isNullable: true }),
    ], {
      index: { callback_deliveries_due: ['callback_id', 'due_at'], callback_deliveries_created: ['callback_id', 'created_at', 'id'] },
    });
    await create('callback_attempts', [
      c('number', SERIAL),
      c('delivery_id', ID),
      c('attempt', COUNT),
      c('started_at', INSTANT),
      c('duration_ms', COUNT),
      c('status_code', COUNT, { isNullable: true }),
      c('error_class', code(32), { isNullable: true }),
      c('error_message', LONG, { isNullable: true }),
      c('response_headers', JSON_TEXT, { isNullable: true }),
      c('response_body', LONG, { isNullable: true }),
    ], {
      index: { callback_attempts_delivery: ['delivery_id', 'attempt'] },
    });
    await create('idempotency_keys', [
      c('key_hash', code(64), { isPrimary: true }),
      c('organization_id', ID),
      c('fingerprint', code(64)),
      c('lease_token', code(40)),
      c('lease_until', INSTANT),
      c('status', COUNT, { isNullable: true }),
      c('answer', LONG, { isNullable: true }),
      c('expires_at', INSTANT),
    ], {
      index: { idempotency_keys_expiry: ['expires_at'] },
    });
    await create('leases', [
      c('name', code(64), { isPrimary: true }),
      c('holder', code(64)),
      c('expires_at', INSTANT),
    ]);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const name of TABLES.toReversed()) await runner.dropTable(name);
  }
}

/** In the order of their making. */
const TABLES = [
  'deployments', 'organizations', 'routing_locks', 'api_keys', 'agents', 'token_keys', 'refresh_tokens', 'visitors',
  'conversations', 'messages', 'events', 'event_positions', 'callback_endpoints', 'callback_versions',
  'callback_deliveries', 'callback_attempts', 'idempotency_keys', 'leases',
];
