import { IsBoolean, IsInt, IsString, Max, MaxLength, Min } from 'class-validator';
import { FromText, IfPresent } from './validation/rules.js';

/** What every list takes. */
export class PageQueryDto {
  /**
   * How many items a page holds; 20 when absent.
   * @example 20
   */
  @FromText('integer')
  @IfPresent()
  @IsInt()
  @Min(1)
  @Max(100)
  limit?: number;

  /**
   * `next_cursor` of the page before.
   * @example 'WyItY3JlYXRlZF9hdCIsMTc3MjM1NzQwMDAwMCwidmlzXzAxIl0'
   */
  @IfPresent()
  @IsString()
  @MaxLength(1000)
  cursor?: string;

  /**
   * Field to sort by, with `-` in front for the greatest first.
   * @example '-created_at'
   */
  @IfPresent()
  @IsString()
  @MaxLength(64)
  sort?: string;

  /**
   * Counts the whole list into `total`.
   * @example true
   */
  @FromText('boolean')
  @IfPresent()
  @IsBoolean()
  include_total?: boolean;
}
