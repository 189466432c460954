import { IsBoolean, IsInt, IsString, Max, MaxLength, Min } from 'class-validator';
import { FromText, IfPresent } from './validation/rules.js';

/** What every list takes. */
export class PageQueryDto {
  /**
   * How many items a page holds.
   * @example 20
   */
  @FromText('integer')
  @IfPresent()
  @IsInt()
  @Min(1)
  @Max(100)
  limit?: number;

  /** `next_cursor` of the page before. */
  @IfPresent()
  @IsString()
  @MaxLength(1000)
  cursor?: string;

  /** Field to sort by, with `-` in front for the greatest first. */
  @IfPresent()
  @IsString()
  @MaxLength(64)
  sort?: string;

  /** Counts the whole list into `total`. */
  @FromText('boolean')
  @IfPresent()
  @IsBoolean()
  include_total?: boolean;
}
