import { IsIn } from 'class-validator';
import { PageQueryDto } from '../../../platform/http/page-query.dto.js';
import { IfPresent, IsEventFilter, IsInstantFilter } from '../../../platform/http/validation/rules.js';
import { DELIVERY_STATUSES } from './delivery-status.js';
import type { DeliveryStatus } from './delivery-status.js';

export class ListDeliveriesDto extends PageQueryDto {
  /** @example 'failed' */
  @IfPresent()
  @IsIn(DELIVERY_STATUSES)
  status?: DeliveryStatus;

  /**
   * Only those of events of this name, or of all names of one kind: `message.*`.
   * @example 'message.received'
   */
  @IsEventFilter()
  event?: string;

  /**
   * Only deliveries created at or after this instant, in RFC 3339.
   * @example '2026-03-01T09:30:00Z'
   */
  @IsInstantFilter()
  since?: number;
}

/** The sending of one event to one endpoint. */
export class DeliveryView {
  /** @example 'dlv_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  id: string;
  /** @example 'cbk_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  callback_id: string;
  /** @example 'evt_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  event_id: string;
  /** @example 'message.received' */
  event: string;
  /**
   * `failed` will be tried again; `exhausted` and `discarded` will not.
   * @example 'succeeded'
   */
  status: 'pending' | 'delivering' | 'succeeded' | 'failed' | 'exhausted' | 'discarded';
  /** @example 2 */
  attempt_count: number;
  /** @example null */
  next_attempt_at: string | null;
  /** @example 200 */
  last_status_code: number | null;
  /** @example '2026-03-01T09:30:00.000Z' */
  created_at: string;
  /** @example '2026-03-01T09:30:05.120Z' */
  succeeded_at: string | null;
}

export class DeliveryPageView {
  data: DeliveryView[];
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

export class AttemptView {
  /** @example 1 */
  attempt: number;
  /** @example '2026-03-01T09:30:00.000Z' */
  time: string;
  /** @example 38 */
  duration_ms: number;
  /** @example 500 */
  status: number | null;
  /**
   * Why there was no answer: `address_forbidden`, `dns`, `connect`, `tls`, `timeout`, `reset`, `aborted`, `protocol`, `other`; `rejected`
   * for an answer of 2xx that the format does not take for success.
   * @example null
   */
  error_class: string | null;
  /** @example null */
  error_message: string | null;
  /** @example { "content-type": "text/plain" } */
  response_headers: Record<string, string> | null;
  /**
   * The first 4 KiB; what is not UTF-8 is replaced. The answer to a batch is kept with each of its deliveries, one that is
   * too long for that with the first of them.
   * @example 'internal error'
   */
  response_body: string | null;
}

export class DeliveryDetailView extends DeliveryView {
  attempts: AttemptView[];
}
