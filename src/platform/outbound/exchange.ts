import type { Dispatcher } from 'undici';
import { listenForAbort } from './abort-listeners.js';
import { failureOf, type Stage } from './failure.js';
import { OutboundError, type OutboundRequest, type OutboundResponse } from './outbound-request.js';

const KEPT_BODY_BYTES = 4 * 1024;
/** Reading this much more is cheaper than a new connection; more is not. */
const DRAINED_BODY_BYTES = 64 * 1024;
const KEPT_HEADERS = 64;
const KEPT_HEADERS_CHARS = 8 * 1024;

/**
 * One request and its answer, as undici's handler. It is settled once: by the end of the answer, a failure, the
 * deadline or the caller. As soon as there is a status, every end of the rest is a success: the receiver has decided.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly response: Promise<OutboundResponse>;
  readonly options: Dispatcher.DispatchOptions;
  settled = false;
  stage: Stage = 'waiting';
  /** Whether the connection that carries it has carried others. */
  reused = false;
  readonly anew: boolean;
  readonly secure: boolean;

  /** Set by whoever carries it out: the transport is done with this exchange, and fit for another or not. */
  onReleased: ((reusable: boolean) => void) | undefined;

  private readonly startedAt = performance.now();
  private readonly deadline: NodeJS.Timeout;
  private readonly timeoutMs: number;
  private stopListening: (() => void) | undefined;
  private resolve: (response: OutboundResponse) => void;
  private reject: (error: OutboundError) => void;
  private status = 0;
  private headers: Record<string, string> = {};
  private readonly chunks: Buffer[] = [];
  private missingBytes: number;
  private unwantedBytes = 0;

  constructor(
    request: OutboundRequest,
    url: URL,
    private readonly onSettled: () => void,
  ) {
    this.response = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    const { method, headers, body } = request;
    this.options = { path: url.pathname + url.search, method, headers, body };
    this.secure = url.protocol === 'https:';
    this.anew = request.anew ?? false;
    this.timeoutMs = request.timeoutMs;
    this.missingBytes = request.keptBodyBytes ?? KEPT_BODY_BYTES;
    this.deadline = setTimeout(afterPendingInput, request.timeoutMs, this);
    const { signal } = request;
    if (signal !== undefined) {
      this.stopListening = listenForAbort(signal, () => this.cancel(new OutboundError('aborted', 'aborted by the caller', 0, { cause: signal.reason })));
    }
  }

  /** Ends it from outside; the transport is released as unfit. */
  cancel(cause: unknown): void {
    this.fail(cause);
    this.release(false);
  }

  expire(): void {
    const doing = {
      waiting: 'waiting for a free connection',
      connecting: 'connecting',
      sent: 'waiting for the answer',
    };
    const message = `no answer within ${this.timeoutMs} ms (${doing[this.stage]})`;
    this.cancel(new OutboundError('timeout', message, 0));
  }

  onRequestStart(): void {
    this.stage = 'sent';
  }

  onResponseStart(_: unknown, status: number, headers: Record<string, string | string[] | undefined>): void {
    if (status < 200) return;
    this.status = status;
    this.headers = boundedHeaders(headers);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const kept = chunk.subarray(0, this.missingBytes);
    // Copied: a slice would keep the whole buffer of the socket alive.
    if (kept.length > 0) this.chunks.push(Buffer.from(kept));
    this.missingBytes -= kept.length;
    this.unwantedBytes += chunk.length - kept.length;
    if (this.unwantedBytes <= DRAINED_BODY_BYTES) return;
    this.succeed();
    controller.abort(new Error('the rest of the body is not wanted'));
  }

  onResponseEnd(): void {
    this.succeed();
    this.release(true);
  }

  onResponseError(_: unknown, cause: Error): void {
    this.fail(cause);
    this.release(false);
  }

  private fail(cause: unknown): void {
    if (this.status !== 0) this.succeed();
    else if (this.settle()) this.reject(failureOf(cause, this, this.durationMs()));
  }

  private succeed(): void {
    if (!this.settle()) return;
    const { status, headers, chunks } = this;
    this.resolve({ status, headers, body: Buffer.concat(chunks), durationMs: this.durationMs() });
  }

  private settle(): boolean {
    if (this.settled) return false;
    this.settled = true;
    clearTimeout(this.deadline);
    this.stopListening?.();
    this.onSettled();
    return true;
  }

  private release(reusable: boolean): void {
    const released = this.onReleased;
    this.onReleased = undefined;
    released?.(reusable);
  }

  private durationMs(): number {
    return Math.round(performance.now() - this.startedAt);
  }
}

/** After a stall of the event loop the answer may lie in the socket already: read it before calling it late. */
function afterPendingInput(exchange: Exchange): void {
  setImmediate(() => {
    if (!exchange.settled) exchange.expire();
  });
}

type Headers = Record<string, string | string[] | undefined>;

/** `Retry-After` comes first: it is obeyed, wherever the receiver or what stands before it has put it. */
function boundedHeaders(all: Headers): Record<string, string> {
  const headers = all['retry-after'] === undefined ? all : { 'retry-after': all['retry-after'], ...all };
  const kept: Record<string, string> = {};
  let count = 0;
  let spareChars = KEPT_HEADERS_CHARS;
  for (const name in headers) {
    spareChars -= name.length;
    if (++count > KEPT_HEADERS || spareChars <= 0) break;
    const value = headers[name]!;
    const text = (typeof value === 'string' ? value : value.join(', ')).slice(0, spareChars);
    kept[name] = text;
    spareChars -= text.length;
  }
  return kept;
}
