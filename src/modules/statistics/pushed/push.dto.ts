import { Type } from 'class-transformer';
import { IsIn, IsInt, IsString, Max, MaxLength, Min, MinLength, ValidateBy, ValidateNested, buildMessage } from 'class-validator';
import { IfPresent, hasAtMost, isStorableText } from '../../../platform/http/validation/rules.js';
import { REPORT_TYPES } from '../report/report-types.js';
import type { ReportType } from '../report/report-types.js';

const MAX_METRICS = 100;
const MAX_NAME = 100;

/** Numbers by name. */
function IsMetrics(): PropertyDecorator {
  return ValidateBy({
    name: 'isMetrics',
    validator: {
      validate: (value) => {
        if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
        const entries = Object.entries(value);
        return entries.length > 0 && entries.length <= MAX_METRICS && entries.every(([name, number]) => isName(name) && Number.isFinite(number));
      },
      defaultMessage: buildMessage((each) => `${each}$property must hold 1 to ${MAX_METRICS} numbers, each under a name of at most ${MAX_NAME} characters`),
    },
  });
}

function isName(name: string): boolean {
  return name !== '' && hasAtMost(MAX_NAME, name) && isStorableText(name);
}

export class PushedDimensionDto {
  /**
   * The day: `2026-03-01`; an instant or a time of day stands for its day in the organization's time zone.
   * @example '2026-03-01'
   */
  @IfPresent()
  @IsString()
  @MaxLength(40)
  date?: string;

  /** @example 9 */
  @IfPresent()
  @IsInt()
  @Min(0)
  @Max(23)
  hour?: number;

  /** @example 'agt_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  @IfPresent()
  @IsString()
  @MinLength(1)
  @MaxLength(64)
  agent_id?: string;

  /** @example 'support' */
  @IfPresent()
  @IsString()
  @MinLength(1)
  @MaxLength(100)
  department?: string;

  /** @example 'web' */
  @IfPresent()
  @IsString()
  @MinLength(1)
  @MaxLength(64)
  channel?: string;

  /** @example 'order' */
  @IfPresent()
  @IsString()
  @MinLength(1)
  @MaxLength(100)
  category?: string;

  /** @example 'high' */
  @IfPresent()
  @IsString()
  @MinLength(1)
  @MaxLength(16)
  priority?: string;

  /** @example 'closed' */
  @IfPresent()
  @IsString()
  @MinLength(1)
  @MaxLength(16)
  status?: string;
}

/** A figure; what was pushed before for the same type and dimension is replaced. */
export class PushedFigureDto {
  /** @example 'conversation' */
  @IsIn(REPORT_TYPES)
  type: ReportType;

  /**
   * 1 to 100 numbers, by names of your own.
   * @example { "total": 100, "success": 90, "avg_duration": 300 }
   */
  @IsMetrics()
  metrics: Record<string, number>;

  /** What the figure is about. */
  @ValidateNested()
  @Type(() => PushedDimensionDto)
  dimension: PushedDimensionDto;
}

export class PushView {
  /**
   * Figures that were stored; of those with the same type and dimension the last.
   * @example 1
   */
  stored: number;
}
