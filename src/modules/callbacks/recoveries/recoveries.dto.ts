import { IsBoolean } from 'class-validator';
import { PageQueryDto } from '../../../platform/http/page-query.dto.js';
import { IfPresent, IsInstant } from '../../../platform/http/validation/rules.js';

export class RecoverDto {
  /**
   * Events that happened at or after this instant, in RFC 3339; not older than events are kept.
   * @example '2026-03-01T09:30:00Z'
   */
  @IsInstant()
  since: string;

  /**
   * Events that happened at or before this instant; until now when absent or in the future.
   * @example '2026-03-01T18:00:00Z'
   */
  @IfPresent()
  @IsInstant()
  until?: string;

  /**
   * Sends again also what was delivered; the receiver knows it by its `webhook-id`.
   * @example false
   */
  @IfPresent()
  @IsBoolean()
  include_succeeded?: boolean;
}

export class ListRecoveriesDto extends PageQueryDto {}

/** The planning anew of what an endpoint did not get in a range of time. */
export class RecoveryView {
  /** @example 'rec_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  id: string;
  /** @example 'cbk_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  callback_id: string;
  /**
   * `succeeded` when all is planned, which does not say that it is delivered; `failed` when the endpoint was disabled or
   * removed meanwhile.
   * @example 'running'
   */
  status: 'running' | 'succeeded' | 'cancelled' | 'failed';
  /** @example '2026-03-01T09:30:00.000Z' */
  since: string;
  /** @example '2026-03-01T18:00:00.000Z' */
  until: string;
  /** @example false */
  include_succeeded: boolean;
  /**
   * Events of the organization in the range.
   * @example 1200
   */
  total: number;
  /**
   * Events that were looked at.
   * @example 500
   */
  done: number;
  /**
   * Deliveries that were planned, or planned again.
   * @example 37
   */
  recovered: number;
  /** @example '2026-03-01T18:05:00.000Z' */
  created_at: string;
  /** @example null */
  finished_at: string | null;
}

export class RecoveryPageView {
  data: RecoveryView[];
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
