import { ArrayMaxSize, ArrayMinSize, IsArray, IsInt, IsString, Max, MaxLength, Min } from 'class-validator';
import { IfPresent } from '../../../platform/http/validation/rules.js';

const DAY_SECONDS = 24 * 60 * 60;
const MAX_BATCH = 1000;
const MAX_WAIT_MS = 60_000;

export class RetryDto {
  /**
   * Seconds until the first attempt, then until each further one. When they are used up the delivery is exhausted.
   * @example [0, 5, 30, 120]
   */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(30)
  @IsInt({ each: true })
  @Min(0, { each: true })
  @Max(7 * DAY_SECONDS, { each: true })
  schedule_seconds: number[];
}

export class EndpointFilterDto {
  /** @example ['support'] */
  @IfPresent()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  @MaxLength(100, { each: true })
  departments?: string[];

  /** @example ['web'] */
  @IfPresent()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  @MaxLength(64, { each: true })
  channels?: string[];
}

export class BatchDto {
  /**
   * Events in one request at the most. It also ends before its body gets larger than 1 MiB.
   * @example 100
   */
  @IsInt()
  @Min(1)
  @Max(MAX_BATCH)
  max_items: number;

  /**
   * How long the first event of a batch waits for further ones.
   * @example 1000
   */
  @IsInt()
  @Min(0)
  @Max(MAX_WAIT_MS)
  max_wait_ms: number;
}

export class EndpointRateLimitDto {
  /**
   * Requests within any window of that length.
   * @example 100
   */
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  limit: number;

  /** @example 60 */
  @IsInt()
  @Min(1)
  @Max(DAY_SECONDS)
  window_seconds: number;
}
