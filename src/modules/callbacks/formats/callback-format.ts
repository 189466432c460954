/** An event as it is stored; `dataJson` is its data as JSON text, so that formats which keep it need not parse it. */
export interface StoredEvent {
  id: string;
  type: string;
  occurredAt: number;
  dataJson: string;
}

export interface SignedRequest {
  body: string;
  headers: Record<string, string>;
}

export type Answer = { kind: 'delivered' } | { kind: 'failed' } | { kind: 'gone' };

/**
 * How events look to a receiver. A format owns its body, its signature, what counts as success and its default
 * schedule; dialects bring their own.
 */
export interface CallbackFormat {
  readonly name: string;
  /** Seconds: the delay of the first attempt, then of each further one. */
  readonly defaultSchedule: readonly number[];
  build(event: StoredEvent, secretKey: Buffer, attemptAt: number): SignedRequest;
  /** `gone` disables the endpoint. */
  judge(status: number, body: Buffer): Answer;
}
