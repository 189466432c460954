import type { MigrationInterface, QueryRunner, TableColumnOptions } from 'typeorm';
import { columnTarget, tableColumn } from '../columns.js';
import type { ColumnKind } from '../columns.js';
import { tableOf } from '../table.js';
import type { Keys } from '../table.js';

const ID: ColumnKind = { kind: 'id' };
const INSTANT: ColumnKind = { kind: 'instant' };
const COUNT: ColumnKind = { kind: 'count' };
const NUMBER: ColumnKind = { kind: 'number' };
const JSON_TEXT: ColumnKind = { kind: 'json' };
const code = (length: number): ColumnKind => ({ kind: 'code', length });
const text = (length: number): ColumnKind => ({ kind: 'text', length });

const OPTIONAL = { isNullable: true };
const KEY = { isPrimary: true };
const TABLES = [
  'statistics_facts', 'statistics_days', 'statistics_packs', 'statistics_serving', 'statistics_agents', 'statistics_agent_periods',
  'statistics_pushed', 'statistics_rebuilds',
];

/** What reports are made of. */
export class Statistics1795450000000 implements MigrationInterface {
  name = 'Statistics1795450000000';

  async up(runner: QueryRunner): Promise<void> {
    const target = await columnTarget(runner);
    const c = (name: string, kind: ColumnKind, options?: Partial<TableColumnOptions>): TableColumnOptions => tableColumn(target, name, kind, options);
    // MySQL commits each by itself: a migration that was killed half-way has made some of them.
    const create = (name: string, columns: TableColumnOptions[], keys?: Keys): Promise<void> => runner.createTable(tableOf(name, columns, keys), true);
    const day = [c('organization_id', ID, KEY), c('source', code(16), KEY), c('day', code(10), KEY), c('version', NUMBER)];
    await create('statistics_facts', [
      c('number', { kind: 'serial' }), c('organization_id', ID), c('source', code(16)), c('day', code(10)), c('subject_id', ID), c('cells', { kind: 'long' }),
    ], {
      unique: { statistics_facts_day: ['organization_id', 'source', 'day', 'subject_id'] },
      index: { statistics_facts_subject: ['organization_id', 'subject_id', 'source'] },
    });
    await create('statistics_days', [...day, c('stale', { kind: 'flag' }), c('pack_after', INSTANT)], {
      index: { statistics_days_stale: ['stale', 'organization_id', 'source', 'day'] },
    });
    await create('statistics_packs', [...day, c('pack', { kind: 'bytes' })]);
    await create('statistics_serving', [
      c('conversation_id', ID, KEY), c('organization_id', ID), c('agent_id', ID, OPTIONAL), c('first_assigned_at', INSTANT),
    ]);
    const state = [c('department', text(100), OPTIONAL), c('status', code(16), OPTIONAL), c('active', COUNT)];
    await create('statistics_agents', [c('agent_id', ID, KEY), c('organization_id', ID), ...state, c('since', INSTANT)], {
      index: { statistics_agents_organization: ['organization_id', 'agent_id'] },
    });
    await create('statistics_agent_periods', [
      c('number', { kind: 'serial' }), c('organization_id', ID), c('agent_id', ID), ...state, c('started_at', INSTANT), c('ended_at', INSTANT),
    ], { index: { statistics_agent_periods_agent: ['agent_id', 'started_at'] } });
    await create('statistics_pushed', [
      c('number', { kind: 'serial' }), c('organization_id', ID), c('type', code(16)), c('dimension_hash', code(64)), c('dimension', JSON_TEXT),
      c('date', code(10)), c('agent_id', text(64), OPTIONAL), c('department', text(100), OPTIONAL), c('channel', text(64), OPTIONAL),
      c('metrics', JSON_TEXT), c('pushed_at', INSTANT),
    ], {
      unique: { statistics_pushed_dimension: ['organization_id', 'type', 'dimension_hash'] },
      index: { statistics_pushed_date: ['organization_id', 'type', 'date'] },
    });
    await create('statistics_rebuilds', [
      c('organization_id', ID, KEY), c('step', code(16)), c('after_id', ID), c('total', COUNT), c('counted', COUNT),
      c('started_at', INSTANT), c('finished_at', INSTANT, OPTIONAL),
    ], { index: { statistics_rebuilds_step: ['step'] } });
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES.toReversed()) await runner.dropTable(table);
  }
}
