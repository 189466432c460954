import { Injectable } from '@nestjs/common';
import { agentsWithin } from '../../../kernel/principal.js';
import type { Visibility } from '../../../kernel/principal.js';
import { placeholders } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import type { ReportQueryDto } from '../report/report.dto.js';

export type PushedRow = Record<'date' | 'dimension_hash' | 'dimension' | 'metrics', string> & Record<'agent_id' | 'department' | 'channel', string | null> & Record<'number' | 'pushed_at', number>;

/** Rows that one query reads. */
const STEP = 10_000;

@Injectable()
export class PushedRows {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /**
   * Those for the days of a report, those of no day first, in steps. What columns say of its filters and of who may see them
   * holds for all of them; the rest is for the reader to look at.
   */
  async *inSteps(organizationId: string, visibility: Visibility, query: ReportQueryDto): AsyncGenerator<PushedRow[]> {
    const { sql, parameters } = conditionsOf(visibility, query);
    for (const [firstDay, lastDay] of [['', ''], [query.start_date, query.end_date]] as const) {
      let place: Pick<PushedRow, 'date' | 'number'> | undefined = { date: firstDay, number: 0 };
      while (place !== undefined) {
        const rows: PushedRow[] = await this.unitOfWork.query<PushedRow>(
          `SELECT number, date, dimension_hash, dimension, agent_id, department, channel, metrics, pushed_at FROM statistics_pushed
           WHERE organization_id = ? AND type = ? AND date BETWEEN ? AND ? AND (date > ? OR number > ?)${sql} ORDER BY date, number LIMIT ${STEP}`,
          [organizationId, query.type, place.date, lastDay, place.date, place.number, ...parameters],
        );
        yield rows;
        place = rows.length < STEP ? undefined : rows.at(-1);
      }
    }
  }
}

/** Departments are no part of it: a figure that names none has that of its agent. */
function conditionsOf(visibility: Visibility, { agent_id, department, channel }: ReportQueryDto): { sql: string; parameters: string[] } {
  const allowed: [column: string, values: readonly string[]][] = Object.entries({ agent_id, department, channel }).flatMap(([column, value]) => (value === undefined ? [] : [[column, [value]]]));
  if (visibility.kind === 'own') allowed.push(['agent_id', [visibility.agentId]]);
  allowed.push(['agent_id', agentsWithin(visibility)], ['channel', visibility.within?.channels ?? []]);
  const named = allowed.filter(([, values]) => values.length > 0);
  return { sql: named.map(([column, values]) => ` AND ${column} IN (${placeholders(values.length)})`).join(''), parameters: named.flatMap(([, values]) => values) };
}
