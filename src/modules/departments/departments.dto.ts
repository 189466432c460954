import { ArrayMaxSize, IsArray, IsBoolean, IsIn, IsInt, IsOptional, IsString, Max, MaxLength, Min, MinLength } from 'class-validator';
import { PageQueryDto } from '../../platform/http/page-query.dto.js';
import { FromText, IfPresent } from '../../platform/http/validation/rules.js';
import { OFF_HOURS_ACTIONS } from './departments.contract.js';
import type { OffHoursAction } from './departments.contract.js';

const DAY_SECONDS = 86_400;

export class UpdateDepartmentDto {
  /**
   * Unique within the organization. Agents and conversations name their department by it.
   * @example 'support'
   */
  @IfPresent()
  @IsString()
  @MinLength(1)
  @MaxLength(100)
  name?: string;

  /** @example 'Questions about running orders' */
  @IsOptional()
  @IsString()
  @MaxLength(2000)
  description?: string | null;

  /**
   * Whether these settings hold for departments without settings, and for conversations without a department, too. There is one
   * such department at the most: the one that becomes it takes the place of the one that was.
   * @example false
   */
  @IfPresent()
  @IsBoolean()
  is_default?: boolean;

  /**
   * Skills that an agent must have for each conversation of the department, beside those that the conversation asks for.
   * @example ['parcels']
   */
  @IfPresent()
  @IsArray()
  @ArrayMaxSize(20)
  @IsString({ each: true })
  @MaxLength(64, { each: true })
  skills?: string[];

  /**
   * Outside of these hours new conversations are marked `off_hours` and wait until the department opens; null for always open.
   * @example null
   */
  @IsOptional()
  @IsString()
  @MaxLength(64)
  business_hours_id?: string | null;

  /**
   * What becomes of a conversation that begins outside of business hours: `queue` lets it wait, `ticket` makes a leave-message
   * ticket of it too.
   * @example 'queue'
   */
  @IfPresent()
  @IsIn(OFF_HOURS_ACTIONS)
  off_hours?: OffHoursAction;

  /**
   * How long an agent has to accept or answer a conversation that it was given; then it goes back to routing, to others first.
   * Null for as long as it takes.
   * @example 60
   */
  @IsOptional()
  @IsInt()
  @Min(5)
  @Max(DAY_SECONDS)
  assignment_timeout_seconds?: number | null;

  /**
   * After this time without a message or a change an open or pending conversation is closed. Null for never.
   * @example 86400
   */
  @IsOptional()
  @IsInt()
  @Min(60)
  @Max(365 * DAY_SECONDS)
  inactivity_close_seconds?: number | null;
}

export class CreateDepartmentDto extends UpdateDepartmentDto {
  /**
   * Unique within the organization. Agents and conversations name their department by it.
   * @example 'support'
   */
  @IsString()
  @MinLength(1)
  @MaxLength(100)
  declare name: string;
}

export class ListDepartmentsDto extends PageQueryDto {
  /** @example 'support' */
  @IfPresent()
  @IsString()
  @MaxLength(100)
  name?: string;

  /** @example 'bhr_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  @IfPresent()
  @IsString()
  @MaxLength(64)
  business_hours_id?: string;

  /** @example true */
  @FromText('boolean')
  @IfPresent()
  @IsBoolean()
  is_default?: boolean;
}

/** The settings of a department. */
export class DepartmentView {
  /** @example 'dpt_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  id: string;
  /** @example 'support' */
  name: string;
  /** @example 'Questions about running orders' */
  description: string | null;
  /** @example false */
  is_default: boolean;
  /** @example ['parcels'] */
  skills: string[];
  /** @example 'bhr_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  business_hours_id: string | null;
  /** @example 'queue' */
  off_hours: 'queue' | 'ticket';
  /** @example 60 */
  assignment_timeout_seconds: number | null;
  /** @example 86400 */
  inactivity_close_seconds: number | null;
  /**
   * Whether it is within its business hours.
   * @example true
   */
  open: boolean;
  /** @example '2026-03-01T09:30:00.000Z' */
  created_at: string;
  /** @example '2026-03-01T09:30:00.000Z' */
  updated_at: string;
}

export class DepartmentPageView {
  data: DepartmentView[];
  /** @example null */
  next_cursor: string | null;
  /** @example false */
  has_more: boolean;
  /**
   * With `include_total=true`.
   * @example 1
   */
  total?: number;
}

export const DEPARTMENT_WRITABLE: readonly (keyof DepartmentView)[] = [
  'name', 'description', 'is_default', 'skills', 'business_hours_id', 'off_hours', 'assignment_timeout_seconds', 'inactivity_close_seconds',
];
