import { OutboundError, type OutboundErrorCode } from './outbound-request.js';

/** How far a request had come when it failed. */
export type Stage = 'waiting' | 'connecting' | 'sent';

const UNUSABLE_REQUEST = new Set([
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
]);
const UNUSABLE_ANSWER = new Set(['UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH']);
const ABORTED = new Set(['UND_ERR_ABORTED', 'UND_ERR_DESTROYED', 'UND_ERR_CLOSED']);
const NO_CONNECTION =
  /^(ECONNREFUSED|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL|ETIMEDOUT|EACCES|EPERM|EMFILE|ENFILE|EINVAL)$/;
const LOST_CONNECTION =
  /^(ECONNRESET|EPIPE|ECONNABORTED|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENETDOWN|ENETRESET|UND_ERR_SOCKET)$/;
const TLS_FAILURE = /^(ERR_SSL|ERR_TLS|EPROTO)/;

/** What is known of the way that a request has gone. */
export interface Way {
  stage: Stage;
  secure: boolean;
  /** The connection had carried other requests before. */
  reused: boolean;
}

/** Names what went wrong. Connections, `node:tls` and undici each have their own codes. */
export function failureOf(cause: unknown, { stage, secure, reused }: Way, durationMs: number): OutboundError {
  if (cause instanceof OutboundError) {
    return new OutboundError(cause.code, cause.message, durationMs, {
      permanent: cause.permanent,
      cause: cause.cause,
    });
  }
  const native = codeOf(cause);
  const permanent = UNUSABLE_REQUEST.has(native);
  const code = classify(native, cause, stage, secure);
  return new OutboundError(code, messageOf(cause), durationMs, { permanent, stale: reused && code === 'reset', cause });
}

function classify(native: string, cause: unknown, stage: Stage, secure: boolean): OutboundErrorCode {
  if (UNUSABLE_REQUEST.has(native) || UNUSABLE_ANSWER.has(native) || isParserError(cause)) return 'protocol';
  if (ABORTED.has(native)) return 'aborted';
  if (stage !== 'sent') return secure && !NO_CONNECTION.test(native) ? 'tls' : 'connect';
  // undici says "bad response" and "bad upgrade" under the code that it also has for a lost connection.
  if (native === 'UND_ERR_SOCKET' && messageOf(cause).startsWith('bad ')) return 'protocol';
  if (LOST_CONNECTION.test(native)) return 'reset';
  return TLS_FAILURE.test(native) ? 'tls' : 'other';
}

function isParserError(cause: unknown): boolean {
  // By name: undici leaves its code empty for most of them.
  return cause instanceof Error && cause.name === 'HTTPParserError';
}

function codeOf(cause: unknown): string {
  const code = (cause as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

function messageOf(cause: unknown): string {
  // Node gives the failure of several addresses an empty message.
  if (cause instanceof AggregateError) return cause.errors.map(messageOf).join('; ');
  return cause instanceof Error && cause.message !== '' ? cause.message : String(cause);
}
