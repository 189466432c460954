import { IsArray, IsIn, IsString, MaxLength, MinLength } from 'class-validator';
import { FromText, IfPresent } from '../../../platform/http/validation/rules.js';
import { DIMENSIONS, REPORT_TYPES } from './report-types.js';
import type { Dimension, ReportType } from './report-types.js';
import { IsDate } from './is-date.js';

export class ReportQueryDto {
  /** @example 'conversation' */
  @IsIn(REPORT_TYPES)
  type: ReportType;

  /**
   * The first day, as the time zone has it.
   * @example '2026-03-01'
   */
  @IsDate()
  start_date: string;

  /**
   * The last day, which is included; at most three years after the first.
   * @example '2026-03-31'
   */
  @IsDate()
  end_date: string;

  /**
   * What rows are told apart by, separated by commas, from `date`, `hour`, `agent`, `department`, `channel`, `category`, `priority` and
   * `status`; without it there is one row. The type `agent` knows the first four.
   * @example ['agent', 'category']
   */
  @FromText('list')
  @IfPresent()
  @IsArray()
  @IsIn(DIMENSIONS, { each: true })
  dimensions?: Dimension[];

  /**
   * An IANA name or an offset such as `+5:45`; that of the organization when absent.
   * @example 'Asia/Shanghai'
   */
  @IfPresent()
  @IsString()
  @MinLength(1)
  @MaxLength(64)
  timezone?: string;

  /** @example 'agt_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  @IfPresent()
  @IsString()
  @MaxLength(64)
  agent_id?: string;

  /** @example 'support' */
  @IfPresent()
  @IsString()
  @MaxLength(100)
  department?: string;

  /** @example 'web' */
  @IfPresent()
  @IsString()
  @MaxLength(64)
  channel?: string;

  /** @example 'order' */
  @IfPresent()
  @IsString()
  @MaxLength(100)
  category?: string;
}

export class ReportRowView {
  /** @example { "agent_id": "agt_01k5x6j3q8v4m2n7p9r1s5t6w0", "category": "order" } */
  dimension: Record<string, string | number | null>;
  /**
   * Those of the type. `conversation`: `success` is closed and answered, `abandoned` closed without a message by an agent; `avg_duration`
   * lasts from the beginning to the end, `avg_first_response` to the first message by an agent, `avg_wait` to the first agent,
   * `avg_resolution` to the end of those that were answered, and `avg_handling` from the last agent to the end; those with `_business` count
   * business hours only. `agent`: `handling_seconds` adds up conversations that run at once, `occupied_seconds` does not, and
   * `utilization` is its share of the time that was not offline; what an import has brought in counts as handled, and occupies nobody before
   * something happens with it here. `ticket`: `solved` is resolved or closed, `overdue` solved late or still due.
   * `satisfaction`: `rate` is the share of conversations that were rated.
   * @example { "total": 100, "success": 90, "abandoned": 4, "transferred": 7, "avg_duration": 300.5, "avg_first_response": 12.25, "avg_wait": 4.125, "avg_rating": 4.6 }
   */
  metrics: Record<string, number | null>;
}

export class PushedFigureView {
  /** @example { "date": "2026-03-01", "agent_id": "agt_01k5x6j3q8v4m2n7p9r1s5t6w0" } */
  dimension: Record<string, string | number>;
  /** @example { "total": 100, "success": 90, "avg_duration": 300 } */
  metrics: Record<string, number>;
  /** @example '2026-03-02T00:05:00.000Z' */
  pushed_at: string;
}

/** Figures of what the service itself recorded, and beside them those that were pushed. */
export class ReportView {
  /** @example 'conversation' */
  type: 'conversation' | 'message' | 'agent' | 'ticket' | 'satisfaction';
  /** @example '2026-03-01' */
  start_date: string;
  /** @example '2026-03-31' */
  end_date: string;
  /** @example 'Asia/Shanghai' */
  timezone: string;
  /** @example ['agent', 'category'] */
  dimensions: string[];
  /** In the order of their dimensions. What nothing was recorded for has no row. */
  rows: ReportRowView[];
  /**
   * Of all rows together. Times are in seconds, shares from 0 to 1, a mean of nothing is null.
   * @example { "total": 100, "success": 90, "abandoned": 4, "transferred": 7, "avg_duration": 300.5, "avg_first_response": 12.25, "avg_wait": 4.125, "avg_rating": 4.6 }
   */
  totals: Record<string, number | null>;
  /** What was pushed for this type and these days, or for no day: as it came, whatever the dimensions; 10,000 at the most. */
  pushed: PushedFigureView[];
  /**
   * Everything up to this position of the event log is counted.
   * @example 1042
   */
  as_of_position: number;
}
