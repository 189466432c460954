import type { ClaimedDelivery } from './delivery-claims.js';

export interface Attempt {
  delivery: ClaimedDelivery;
  startedAt: number;
  durationMs: number;
  statusCode: number | null;
  errorClass: string | null;
  errorMessage: string | null;
  responseHeaders: Record<string, string> | null;
  responseBody: Buffer | null;
  result: AttemptResult;
  /** Of the one request that ends a suspension or prolongs it: until when the right to it was held. */
  probeUntil?: number;
}

export type AttemptResult =
  | { kind: 'succeeded' }
  | { kind: 'failed'; nextAttemptAt: number }
  | { kind: 'exhausted' }
  /** Trying again at that URL of the endpoint cannot help; `gone` disables the endpoint too. */
  | { kind: 'discarded'; gone: boolean; url: string };
