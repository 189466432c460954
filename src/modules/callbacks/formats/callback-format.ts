import type { EventType } from '../../../kernel/domain-event.js';
import type { OutboundRequest, OutboundResponse } from '../../../platform/outbound/outbound-request.js';

/** An event as it is stored; `dataJson` is its data as JSON text, so that formats which keep it need not parse it. */
export interface StoredEvent {
  id: string;
  type: string;
  occurredAt: number;
  dataJson: string;
}

/** What an endpoint has set for its format. */
export type FormatOptions = Record<string, unknown>;

/** One option that cannot be used; `field` is its path below `format_options`. */
export interface OptionFault {
  field: string;
  message: string;
}

/** For whom a request is made, and when. */
export interface FormatContext {
  organizationId: string;
  /** The endpoint's own URL. */
  url: string;
  options: FormatOptions;
  /** Unix milliseconds. */
  attemptAt: number;
  /**
   * The headers of Standard Webhooks 1.0: `id` stays over retries, the timestamp is the attempt's, and there is one
   * signature for each key that is valid at that time. Formats with a signature of their own do without.
   */
  readonly sign: (id: string, body: string) => Record<string, string>;
}

export interface BuiltRequest {
  body: string;
  /** In lower case; they win over the endpoint's own. */
  headers: Record<string, string>;
  /** Where the format has addresses of its own below the endpoint's URL, or parameters in it. Absent: the URL itself. */
  url?: string;
}

export type Answer = { kind: 'delivered' } | { kind: 'failed' } | { kind: 'gone' };

/** What a format needs in order to ask a receiver whether it wants what will be sent to it. */
export interface UrlVisit {
  url: string;
  options: FormatOptions;
  /** Unix milliseconds. */
  at: number;
  /** Reaches what callbacks may reach and nothing else; throws an OutboundError when no answer comes. */
  readonly send: (request: Pick<OutboundRequest, 'url' | 'method' | 'headers' | 'body'>) => Promise<OutboundResponse>;
}

/** So many events in one request at the most, sent once they are there or the first has waited so long. */
export interface BatchOptions {
  max_items: number;
  max_wait_ms: number;
}

/**
 * How events look to a receiver. A format owns its body, its signature, what counts as success, its default schedule and
 * its options; dialects bring their own, and register them at `CallbackFormats`.
 */
export interface CallbackFormat {
  readonly name: string;
  /** Seconds: the delay of the first attempt, then of each further one. */
  readonly defaultSchedule: readonly number[];
  /** What it has words for; endpoints are told of nothing else. Absent: every event. */
  readonly events?: readonly EventType[];
  /** For endpoints that do not say anything about batches. Absent: none. */
  readonly defaultBatch?: BatchOptions;
  /** Names of options that are credentials: no answer shows them. */
  readonly secretOptions?: readonly string[];
  /** Empty when all is well. What it does not know is a fault too. */
  faultsOf(options: FormatOptions): OptionFault[];
  build(event: StoredEvent, context: FormatContext): BuiltRequest;
  /**
   * Several events as one request. `batchId` stays over retries, as do the events and their order. Absent when the
   * format knows no batches: endpoints that ask for them are refused.
   */
  buildBatch?(batchId: string, events: readonly StoredEvent[], context: FormatContext): BuiltRequest;
  /** `gone` disables the endpoint. */
  judge(status: number, body: Buffer): Answer;
  /**
   * Asked when a URL is registered, and again when it or what matters for it changes. Answers why the receiver does not
   * take the URL for its own, or null when it does.
   */
  verifyUrl?(visit: UrlVisit): Promise<string | null>;
}
