import type { MigrationInterface, QueryRunner, TableColumnOptions } from 'typeorm';
import { columnTarget, tableColumn } from '../columns.js';
import type { ColumnKind } from '../columns.js';
import { tableOf } from '../table.js';

const HASH: ColumnKind = { kind: 'code', length: 64 };
const INSTANT: ColumnKind = { kind: 'instant' };
const NULLABLE = { isNullable: true };

/** The authorization server: its clients, what it has issued, and its keys. */
export class Oauth1795341000000 implements MigrationInterface {
  name = 'Oauth1795341000000';

  async up(runner: QueryRunner): Promise<void> {
    const target = await columnTarget(runner);
    const c = (name: string, kind: ColumnKind, options?: Partial<TableColumnOptions>): TableColumnOptions =>
      tableColumn(target, name, kind, options);
    // MySQL commits each table by itself: a migration that was killed half-way has left some of them.
    const clients = [
      c('id', { kind: 'id' }, { isPrimary: true }),
      c('organization_id', { kind: 'id' }),
      c('application_id', { kind: 'id' }),
      c('name', { kind: 'text', length: 200 }),
      c('redirect_uris', { kind: 'json' }),
      c('grant_types', { kind: 'json' }),
      c('token_endpoint_auth_method', { kind: 'code', length: 32 }),
      c('secret_hash', HASH, NULLABLE),
      c('previous_secret_hash', HASH, NULLABLE),
      c('previous_secret_expires_at', INSTANT, NULLABLE),
      c('last_used_at', INSTANT, NULLABLE),
      c('created_at', INSTANT),
      c('updated_at', INSTANT),
    ];
    await runner.createTable(tableOf('oauth_clients', clients, {
      index: { oauth_clients_application: ['application_id', 'created_at', 'id'] },
      references: { oauth_clients_application_fk: ['application_id', 'applications'] },
    }), true);
    const payloads = [
      c('id_hash', HASH, { isPrimary: true }),
      c('kind', { kind: 'code', length: 32 }),
      c('client_id', { kind: 'id' }, NULLABLE),
      c('agent_id', { kind: 'id' }, NULLABLE),
      c('grant_hash', HASH, NULLABLE),
      c('uid_hash', HASH, NULLABLE),
      c('payload', { kind: 'long' }),
      c('consumed_at', INSTANT, NULLABLE),
      c('created_at', INSTANT),
      c('expires_at', INSTANT),
    ];
    await runner.createTable(tableOf('oauth_payloads', payloads, {
      index: {
        oauth_payloads_grant: ['grant_hash'],
        oauth_payloads_uid: ['uid_hash'],
        oauth_payloads_client: ['client_id'],
        oauth_payloads_agent: ['agent_id'],
        oauth_payloads_expiry: ['expires_at'],
      },
    }), true);
    const keys = [c('id', { kind: 'id' }, { isPrimary: true }), c('secret', { kind: 'long' }), c('created_at', INSTANT)];
    await runner.createTable(tableOf('oauth_keys', keys), true);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['oauth_keys', 'oauth_payloads', 'oauth_clients']) await runner.dropTable(table);
  }
}
