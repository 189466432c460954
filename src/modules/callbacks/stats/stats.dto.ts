import { IsInstantFilter } from '../../../platform/http/validation/rules.js';

export class EndpointStatsQueryDto {
  /**
   * Where the window begins, in RFC 3339: 24 hours ago when absent. It begins 28 days ago where this is earlier still.
   * @example '2026-03-01T09:30:00Z'
   */
  @IsInstantFilter()
  since?: number;
}

/** The last attempt that failed. */
export class LastFailureView {
  /** @example '2026-03-01T09:41:00.000Z' */
  at: string;
  /** @example 503 */
  status_code: number | null;
  /**
   * As in the attempts of a delivery; null where the receiver answered with a status that is no success.
   * @example null
   */
  error_class: string | null;
  /** @example 'The receiver answered 503.' */
  message: string;
}

/** How an endpoint fares. */
export class EndpointStatsView {
  /**
   * Where the window really begins.
   * @example '2026-03-01T09:30:00.000Z'
   */
  since: string;
  /**
   * Attempts that were begun since then; of each delivery in a batch its own. Deliveries of older events are looked at as
   * far back before the window as the schedule is long and a day, 28 days at the most, and as far as a recovery since then
   * went: what is older still and was sent again by hand, or when the endpoint was enabled, is not counted.
   * @example 4000
   */
  attempts: number;
  /** @example 3990 */
  succeeded: number;
  /** @example 10 */
  failed: number;
  /**
   * From 0 to 1; null without attempts.
   * @example 0.9975
   */
  success_rate: number | null;
  /**
   * Milliseconds in which half of the attempts ended; null without attempts.
   * @example 38
   */
  p50_ms: number | null;
  /** @example 112 */
  p95_ms: number | null;
  /**
   * Deliveries that are not at their end now, whenever they were made; counted up to 10000.
   * @example 3
   */
  pending: number;
  /**
   * When the oldest of these was made.
   * @example '2026-03-01T10:12:00.000Z'
   */
  oldest_pending_at: string | null;
  /**
   * While an endpoint is suspended for failing all that is due waits, also what is sent again by hand; one request is made
   * at this time, and its success ends it, as does `POST /api/v1/callbacks/{id}/enable`. Null when it is not.
   * @example null
   */
  suspended_until: string | null;
  /** In the window; null when there was none. */
  last_failure: LastFailureView | null;
  /** @example '2026-03-01T10:14:03.120Z' */
  last_success_at: string | null;
  /**
   * True when there was too much to count all of it: the numbers are then those of the newest 5000 deliveries, or of 10000
   * attempts of these.
   * @example false
   */
  sampled: boolean;
}
