import { Injectable } from '@nestjs/common';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { Clock } from '../../../kernel/clock.js';
import { invalidField } from '../../../kernel/domain-error.js';
import { visibilityOf } from '../../../kernel/principal.js';
import type { Principal, Visibility } from '../../../kernel/principal.js';
import { Projections } from '../../../platform/outbox/projections.js';
import { PackedCells } from '../cells/packed-cells.js';
import { MEASURES } from '../cells/sources.js';
import type { Source } from '../cells/sources.js';
import { ReadDays } from '../facts/read-days.js';
import type { ReadDay } from '../facts/read-days.js';
import { PROJECTION } from '../projection/projection-name.js';
import { PushedFigures } from '../pushed/pushed-figures.js';
import { filterFor } from './cell-filter.js';
import { OngoingCells } from './ongoing-cells.js';
import { ReportPlans } from './report-plan.js';
import type { ReportPlan } from './report-plan.js';
import type { ReportQueryDto, ReportView } from './report.dto.js';
import { ReportRows } from './report-rows.js';
import { REPORTS, measuresOf } from './report-types.js';
import { Tally } from './tally.js';

const MAX_ROWS = 25_000;
/** Days that are added up before others have their turn. */
const SLICE = 16;
/** Events that a report waits for; with more to come it says how far it is. */
const MOST_AWAITED = 5000;

@Injectable()
export class StatisticsReport {
  constructor(
    private readonly plans: ReportPlans,
    private readonly days: ReadDays,
    private readonly ongoing: OngoingCells,
    private readonly pushed: PushedFigures,
    private readonly projections: Projections,
    private readonly clock: Clock,
  ) {}

  async of(principal: Principal, query: ReportQueryDto): Promise<ReportView> {
    const plan = await this.plans.planOf(principal, query);
    const { organizationId } = principal;
    await this.projections.catchUp(PROJECTION, organizationId, MOST_AWAITED);
    const { sources } = REPORTS[plan.type];
    const reading = await this.days.read(organizationId, sources, plan.cut.days, () => this.ongoing.read(organizationId, sources, plan, this.clock.now()));
    const rows = new ReportRows(plan);
    for (const source of sources) {
      const days = [...reading.days, ...reading.beside].filter((day) => day.source === source);
      rows.add(source, await this.tally(source, days, plan, visibilityOf(principal)));
      assertNotTooLarge(rows.size);
    }
    return {
      type: plan.type,
      start_date: query.start_date,
      end_date: query.end_date,
      timezone: plan.timeZone,
      dimensions: [...plan.dimensions],
      ...rows.answer(),
      pushed: await this.pushed.list(principal, query),
      as_of_position: reading.position,
    };
  }

  private async tally(source: Source, days: readonly Pick<ReadDay, 'day' | 'pack'>[], plan: ReportPlan, visibility: Visibility): Promise<Tally> {
    const filter = filterFor(source, visibility, plan.wanted);
    // What belongs to no agent is no agent's.
    if (plan.type === 'agent') filter.set('agent', [...(filter.get('agent') ?? []), (agent) => agent !== null]);
    const tally = new Tally(plan.labels, filter, { count: MEASURES[source].length, wanted: measuresOf(plan.type, source) });
    for (const [index, { day, pack }] of days.entries()) {
      if (index % SLICE === SLICE - 1) await yieldToOthers();
      tally.add(new PackedCells(pack), plan.cut.placesOf(day));
      assertNotTooLarge(tally.size);
    }
    return tally;
  }
}

function assertNotTooLarge(rows: number): void {
  if (rows <= MAX_ROWS) return;
  throw invalidField('dimensions', 'statistics.report_too_large', `The report has more than ${MAX_ROWS} rows; ask for fewer days or dimensions.`);
}
