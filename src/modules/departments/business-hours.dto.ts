import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsString, IsTimeZone, Matches, MaxLength, MinLength, ValidateNested } from 'class-validator';
import { PageQueryDto } from '../../platform/http/page-query.dto.js';
import { IfPresent } from '../../platform/http/validation/rules.js';

const MAX_INTERVALS = 24;
const MAX_HOLIDAYS = 500;

/** Hours on a clock on the wall. An interval that ends before it begins goes on over midnight. */
export class OpenIntervalDto {
  /** @example '09:00' */
  @IsString()
  @Matches(/^([01]\d|2[0-3]):[0-5]\d$/, { message: '$property must be a time such as 09:00' })
  from: string;

  /**
   * `24:00` is midnight.
   * @example '18:00'
   */
  @IsString()
  @Matches(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, { message: '$property must be a time such as 18:00, or 24:00' })
  to: string;
}

function IsIntervals(): PropertyDecorator {
  const rules = [IfPresent(), IsArray(), ArrayMaxSize(MAX_INTERVALS), ValidateNested({ each: true }), Type(() => OpenIntervalDto)];
  return (prototype, property) => {
    for (const rule of rules.toReversed()) rule(prototype, String(property));
  };
}

/** The intervals of each day of the week; a day without any is closed. */
export class WeeklyHoursDto {
  /** @example [{ "from": "09:00", "to": "12:30" }, { "from": "13:30", "to": "18:00" }] */
  @IsIntervals()
  monday?: OpenIntervalDto[];
  /** @example [{ "from": "09:00", "to": "18:00" }] */
  @IsIntervals()
  tuesday?: OpenIntervalDto[];
  /** @example [{ "from": "09:00", "to": "18:00" }] */
  @IsIntervals()
  wednesday?: OpenIntervalDto[];
  /** @example [{ "from": "09:00", "to": "18:00" }] */
  @IsIntervals()
  thursday?: OpenIntervalDto[];
  /** @example [{ "from": "09:00", "to": "18:00" }] */
  @IsIntervals()
  friday?: OpenIntervalDto[];
  /** @example [{ "from": "22:00", "to": "02:00" }] */
  @IsIntervals()
  saturday?: OpenIntervalDto[];
  /** @example [] */
  @IsIntervals()
  sunday?: OpenIntervalDto[];
}

export class HolidayDto {
  /** @example '2026-12-24' */
  @IsString()
  @Matches(/^\d{4}-\d{2}-\d{2}$/, { message: '$property must be a date such as 2026-12-24' })
  date: string;

  /** @example 'Christmas Eve' */
  @IfPresent()
  @IsString()
  @MaxLength(200)
  name?: string;

  /**
   * The hours of this date, in place of those of its weekday; without any it is closed.
   * @example [{ "from": "09:00", "to": "12:00" }]
   */
  @IsIntervals()
  hours?: OpenIntervalDto[];
}

export class UpdateBusinessHoursDto {
  /**
   * Unique within the organization.
   * @example 'Shanghai office'
   */
  @IfPresent()
  @IsString()
  @MinLength(1)
  @MaxLength(100)
  name?: string;

  /**
   * IANA name; the hours are those of a clock there, summer time included.
   * @example 'Asia/Shanghai'
   */
  @IfPresent()
  @IsString()
  @MaxLength(64)
  @IsTimeZone()
  time_zone?: string;

  /**
   * Replaced as a whole. Each interval belongs to the day on which it begins.
   * @example { "monday": [{ "from": "09:00", "to": "18:00" }], "friday": [{ "from": "09:00", "to": "12:30" }, { "from": "13:30", "to": "17:00" }], "saturday": [{ "from": "22:00", "to": "02:00" }] }
   */
  @IfPresent()
  @ValidateNested()
  @Type(() => WeeklyHoursDto)
  weekly?: WeeklyHoursDto;

  /**
   * Up to 500 dates with hours of their own. Replaced as a whole.
   * @example [{ "date": "2026-12-24", "name": "Christmas Eve", "hours": [{ "from": "09:00", "to": "12:00" }] }, { "date": "2026-12-25", "name": "Christmas" }]
   */
  @IfPresent()
  @IsArray()
  @ArrayMaxSize(MAX_HOLIDAYS)
  @ValidateNested({ each: true })
  @Type(() => HolidayDto)
  holidays?: HolidayDto[];
}

export class CreateBusinessHoursDto extends UpdateBusinessHoursDto {
  /**
   * Unique within the organization.
   * @example 'Shanghai office'
   */
  @IsString()
  @MinLength(1)
  @MaxLength(100)
  declare name: string;

  /**
   * IANA name; the hours are those of a clock there, summer time included.
   * @example 'Asia/Shanghai'
   */
  @IsString()
  @MaxLength(64)
  @IsTimeZone()
  declare time_zone: string;

  /**
   * Each interval belongs to the day on which it begins.
   * @example { "monday": [{ "from": "09:00", "to": "18:00" }], "friday": [{ "from": "09:00", "to": "12:30" }, { "from": "13:30", "to": "17:00" }], "saturday": [{ "from": "22:00", "to": "02:00" }] }
   */
  @ValidateNested()
  @Type(() => WeeklyHoursDto)
  declare weekly: WeeklyHoursDto;
}

export class ListBusinessHoursDto extends PageQueryDto {
  /** @example 'Shanghai office' */
  @IfPresent()
  @IsString()
  @MaxLength(100)
  name?: string;
}

export class OpenIntervalView {
  /** @example '09:00' */
  from: string;
  /** @example '18:00' */
  to: string;
}

export class HolidayView {
  /** @example '2026-12-24' */
  date: string;
  /** @example 'Christmas Eve' */
  name?: string;
  /** @example [{ "from": "09:00", "to": "12:00" }] */
  hours?: OpenIntervalView[];
}

/** Weekly hours with a time zone and holidays. */
export class BusinessHoursView {
  /** @example 'bhr_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  id: string;
  /** @example 'Shanghai office' */
  name: string;
  /** @example 'Asia/Shanghai' */
  time_zone: string;
  /** @example { "monday": [{ "from": "09:00", "to": "18:00" }] } */
  weekly: Record<string, OpenIntervalView[]>;
  /** @example [{ "date": "2026-12-24", "name": "Christmas Eve", "hours": [{ "from": "09:00", "to": "12:00" }] }] */
  holidays: HolidayView[];
  /**
   * Whether they include this moment.
   * @example true
   */
  open: boolean;
  /** @example '2026-03-01T09:30:00.000Z' */
  created_at: string;
  /** @example '2026-03-01T09:30:00.000Z' */
  updated_at: string;
}

export class BusinessHoursPageView {
  data: BusinessHoursView[];
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

export const BUSINESS_HOURS_WRITABLE: readonly (keyof BusinessHoursView)[] = ['name', 'time_zone', 'weekly', 'holidays'];
