import { Injectable } from '@nestjs/common';
import { DateTime } from 'luxon';
import { invalidField } from '../../../kernel/domain-error.js';
import type { Principal } from '../../../kernel/principal.js';
import { firstMomentOf } from '../../../platform/time/local-time.js';
import { Organizations } from '../../organizations/organizations.contract.js';
import type { Label } from '../cells/cell.js';
import type { Wanted } from './cell-filter.js';
import type { ReportQueryDto } from './report.dto.js';
import { REPORTS } from './report-types.js';
import type { Dimension, ReportType } from './report-types.js';
import { TimeCut } from './time-cut.js';
import { findZone } from './time-zone.js';

const MAX_DAYS = 3 * 366;

/** What a report asks for, checked. */
export interface ReportPlan {
  type: ReportType;
  /** As asked for, each once. */
  dimensions: readonly Dimension[];
  /** Those of the dimensions that are no time. */
  labels: readonly Label[];
  wanted: Wanted;
  timeZone: string;
  cut: TimeCut;
  fromMs: number;
  /** Excluded. */
  toMs: number;
}

@Injectable()
export class ReportPlans {
  constructor(private readonly organizations: Organizations) {}

  async planOf({ organizationId }: Principal, query: ReportQueryDto): Promise<ReportPlan> {
    const dimensions = [...new Set(query.dimensions ?? [])];
    const labels = dimensions.filter((dimension) => dimension !== 'date' && dimension !== 'hour');
    const wanted = wantedOf(query);
    assertKnown(query.type, labels, wanted);
    const timeZone = (query.timezone ?? (await this.organizations.find(organizationId))!.time_zone).trim();
    const zone = findZone(timeZone);
    if (zone === null) throw invalidField('timezone', 'timezone.unknown', 'The time zone is an IANA name such as Asia/Shanghai, or an offset of whole quarters of an hour such as +5:45.');
    const { fromMs, toMs } = rangeOf(query, zone.name);
    const cut = new TimeCut(zone, fromMs, toMs, { date: dimensions.includes('date'), hour: dimensions.includes('hour') });
    return { type: query.type, dimensions, labels, wanted, timeZone: query.timezone === undefined ? timeZone : zone.name, cut, fromMs, toMs };
  }
}

function wantedOf({ agent_id, department, channel, category }: ReportQueryDto): Wanted {
  return {
    ...(agent_id !== undefined && { agent: agent_id }),
    ...(department !== undefined && { department }),
    ...(channel !== undefined && { channel }),
    ...(category !== undefined && { category }),
  };
}

function assertKnown(type: ReportType, dimensions: readonly Label[], wanted: Wanted): void {
  const known = REPORTS[type].labels;
  const answer = `The type ${type} has the dimensions ${['date', 'hour', ...known].join(', ')}.`;
  if (dimensions.some((label) => !known.includes(label))) throw invalidField('dimensions', 'statistics.dimension_unknown', answer);
  const [filter] = (Object.keys(wanted) as Label[]).filter((label) => !known.includes(label));
  if (filter !== undefined) throw invalidField(filter, 'statistics.dimension_unknown', answer);
}

/** From the first moment of the first day to the first moment after the last. */
function rangeOf({ start_date, end_date }: ReportQueryDto, zone: string): { fromMs: number; toMs: number } {
  const [first, last] = [DateTime.fromISO(start_date, { zone: 'utc' }), DateTime.fromISO(end_date, { zone: 'utc' })];
  if (last < first) throw invalidField('end_date', 'statistics.range_invalid', 'end_date is before start_date.');
  const next = last.plus({ days: 1 });
  if (next.diff(first, 'days').days > MAX_DAYS) throw invalidField('end_date', 'statistics.range_too_long', 'A report covers three years at the most.');
  return { fromMs: firstMomentOf(first, zone), toMs: firstMomentOf(next, zone) };
}
