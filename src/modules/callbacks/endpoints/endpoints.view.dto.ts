export class RetryView {
  /** @example [0, 5, 30, 120] */
  schedule_seconds: number[];
}

export class EndpointFilterView {
  /** @example ['support'] */
  departments: string[];
  /** @example ['web'] */
  channels: string[];
}

export class BatchView {
  /** @example 100 */
  max_items: number;
  /** @example 1000 */
  max_wait_ms: number;
}

export class EndpointRateLimitView {
  /** @example 100 */
  limit: number;
  /** @example 60 */
  window_seconds: number;
}

/** A registered URL that events are sent to. */
export class EndpointView {
  /** @example 'cbk_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  id: string;
  /** @example 'https://receiver.example.com/crossdesk' */
  url: string;
  /** @example ['conversation.created', 'message.*'] */
  events: string[];
  /** @example 'native' */
  format: string;
  /**
   * Without those that are credentials.
   * @example {}
   */
  format_options: Record<string, unknown>;
  /** @example 'hmac' */
  signing: 'hmac' | 'ed25519';
  /**
   * With `ed25519`, what receivers verify with: `whpk_` and the base64 of the public key.
   * @example null
   */
  public_key: string | null;
  /**
   * Names of the further headers; their values are not shown.
   * @example ['x-team']
   */
  header_names: string[];
  /** @example 15000 */
  timeout_ms: number;
  retry: RetryView;
  /** @example null */
  batch: BatchView | null;
  /** @example 'none' */
  ordering: 'none' | 'per_conversation';
  /** @example null */
  rate_limit: EndpointRateLimitView | null;
  filter: EndpointFilterView;
  /** @example true */
  enabled: boolean;
  /**
   * Why the system disabled it: `gone` when the receiver answered 410, `failing` after five days of nothing but failures,
   * `creator_disabled` when the agent or application that made it was disabled, `organization_closed` with its organization.
   * @example null
   */
  disabled_reason: string | null;
  /** @example 'Billing system' */
  description: string | null;
  /** @example '2026-03-01T09:30:00.000Z' */
  created_at: string;
  /** @example '2026-03-01T09:30:00.000Z' */
  updated_at: string;
}

/** An endpoint with its new secret, which is shown here and never again. */
export class CreatedEndpointView extends EndpointView {
  /**
   * Null with `ed25519`: the private key is shown to nobody.
   * @example 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
   */
  secret: string | null;
}

/** How the receiver took the example of an event. */
export class EndpointTestView {
  /**
   * Whether it would have counted as delivered.
   * @example true
   */
  success: boolean;
  /**
   * The `id` of the event that was sent, which is in no log.
   * @example 'evt_01k5x6j3q8v4m2n7p9r1s5t6w0'
   */
  event_id: string;
  /** @example 'message.received' */
  event: string;
  /** @example '2026-03-01T09:30:00.000Z' */
  time: string;
  /** @example 38 */
  duration_ms: number;
  /**
   * Null when no answer came.
   * @example 204
   */
  status: number | null;
  /**
   * Why there was no answer: `address_forbidden`, `dns`, `connect`, `tls`, `timeout`, `reset`, `aborted`, `protocol`, `other`.
   * @example null
   */
  error_class: string | null;
  /** @example null */
  error_message: string | null;
  /** @example { "content-type": "text/plain" } */
  response_headers: Record<string, string> | null;
  /**
   * The first 4 KiB; what is not UTF-8 is replaced.
   * @example ''
   */
  response_body: string | null;
}

export class EndpointPageView {
  data: EndpointView[];
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

export const ENDPOINT_WRITABLE: readonly (keyof EndpointView)[] = [
  'url', 'events', 'format', 'format_options', 'signing', 'header_names', 'timeout_ms', 'retry', 'batch', 'ordering', 'rate_limit', 'filter', 'enabled', 'description',
];
