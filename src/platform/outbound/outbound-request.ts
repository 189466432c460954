export interface OutboundRequest {
  /** `http:` or `https:`, without user name and password. */
  url: string;
  method: 'POST' | 'GET';
  headers: Record<string, string>;
  body: string | Buffer;
  /** Wall clock from `send` to the end of the body: waiting, DNS, connection, TLS, head and body together. */
  timeoutMs: number;
  signal?: AbortSignal;
  /** Requests of different groups never wait for each other's connections, also to the same origin. */
  group?: string;
  /** On a connection that has carried nothing yet, where another may be opened. */
  anew?: boolean;
  /** How much of the answer is wanted; 4 KiB when absent. */
  keptBodyBytes?: number;
}

export interface OutboundResponse {
  status: number;
  /** Lower-case names, repeated ones joined by a comma; `retry-after` first, at most 64 headers and 8 KiB, the rest is cut off. */
  headers: Record<string, string>;
  /** The first 4 KiB, or as much as was asked for, as they came, not decompressed; less where the connection was lost. */
  body: Buffer;
  durationMs: number;
}

/**
 * `reset`: the connection was lost before the status line. The receiver may have seen the request.
 * `protocol`: what came was not HTTP, or what should be sent cannot be.
 * `aborted`: by the caller's signal, or because the client was closed.
 */
export type OutboundErrorCode =
  'address_forbidden' | 'dns' | 'connect' | 'tls' | 'timeout' | 'reset' | 'aborted' | 'protocol' | 'other';

export interface OutboundErrorOptions {
  permanent?: boolean;
  stale?: boolean;
  cause?: unknown;
}

export class OutboundError extends Error {
  /** True when the same request must fail in the same way again: a forbidden literal, an unusable URL or header. */
  readonly permanent: boolean;
  /** True when the connection had carried other requests and may have been closed by the other side before this one was sent. */
  readonly stale: boolean;

  constructor(
    readonly code: OutboundErrorCode,
    message: string,
    readonly durationMs: number,
    options: OutboundErrorOptions = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'OutboundError';
    this.permanent = options.permanent ?? false;
    this.stale = options.stale ?? false;
  }
}
