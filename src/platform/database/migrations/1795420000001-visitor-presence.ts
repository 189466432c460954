import type { MigrationInterface, QueryRunner, TableColumnOptions } from 'typeorm';
import { columnTarget, tableColumn } from '../columns.js';
import type { ColumnKind } from '../columns.js';
import { tableOf } from '../table.js';

const ID: ColumnKind = { kind: 'id' };
const INSTANT: ColumnKind = { kind: 'instant' };
const text = (length: number): ColumnKind => ({ kind: 'text', length });

/** Who of the visitors is connected where, and what pages visitors have looked at. */
export class VisitorPresence1795420000001 implements MigrationInterface {
  name = 'VisitorPresence1795420000001';

  async up(runner: QueryRunner): Promise<void> {
    const target = await columnTarget(runner);
    const c = (name: string, kind: ColumnKind, options?: Partial<TableColumnOptions>): TableColumnOptions => tableColumn(target, name, kind, options);
    const primary = c('id', ID, { isPrimary: true });
    // MySQL commits each by itself: a migration that was killed half-way has made some of them.
    await runner.createTable(tableOf('visitor_processes', [primary, c('alive_until', INSTANT), c('lapsed', { kind: 'flag' }, { default: '0' })], {
      index: { visitor_processes_alive: ['alive_until'] },
    }), true);
    await runner.createTable(tableOf('visitor_connections', [primary, c('organization_id', ID), c('visitor_id', ID), c('process_id', ID)], {
      index: { visitor_connections_visitor: ['visitor_id'], visitor_connections_process: ['process_id', 'id'] },
    }), true);
    await runner.createTable(tableOf('visitor_tracks', [
      primary,
      c('organization_id', ID),
      c('visitor_id', ID),
      c('url', text(2000)),
      c('title', text(500), { isNullable: true }),
      c('referrer', text(2000), { isNullable: true }),
      c('metadata', { kind: 'json' }),
      c('at', INSTANT),
      c('created_at', INSTANT),
    ], {
      index: {
        visitor_tracks_created: ['visitor_id', 'created_at', 'id'],
        visitor_tracks_at: ['visitor_id', 'at', 'id'],
        visitor_tracks_age: ['created_at'],
      },
    }), true);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['visitor_tracks', 'visitor_connections', 'visitor_processes']) await runner.dropTable(table);
  }
}
