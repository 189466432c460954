import { HttpException } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { STATUS_CODES } from 'node:http';
import { DomainError } from '../../kernel/domain-error.js';
import type { ErrorKind, FieldError } from '../../kernel/domain-error.js';
import { isRepeatable, isUnavailable } from '../database/unique-violation.js';

/** The one table from what went wrong to the HTTP status. */
export const STATUS_OF_KIND: Record<ErrorKind, number> = {
  malformed: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  precondition_failed: 412,
  invalid: 422,
  rate_limited: 429,
  unavailable: 503,
};

/** What fails before or outside of our own code: its code, and what to tell the caller instead of a library's words. */
const OUTSIDE: Record<number, { code: string; detail?: string }> = {
  400: { code: 'request.malformed' },
  404: { code: 'route.not_found', detail: 'There is nothing at this path.' },
  405: { code: 'route.method_not_allowed' },
  408: { code: 'request.timeout', detail: 'The request did not arrive in time.' },
  413: { code: 'request.too_large', detail: 'The body is larger than this route takes.' },
  414: { code: 'request.uri_too_long', detail: 'The URL is too long.' },
  415: { code: 'request.unsupported_media_type', detail: 'Bodies are sent as application/json in UTF-8, not compressed.' },
  431: { code: 'request.headers_too_large', detail: 'URL and headers are larger than 16 KiB.' },
  503: { code: 'service.unavailable' },
};

/** RFC 9457 problem document. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  code: string;
  request_id: string;
  errors?: FieldError[];
  [extra: string]: unknown;
}

export interface Failure {
  status: number;
  code: string;
  detail: string;
  headers?: Record<string, string>;
  extra?: Record<string, unknown>;
}

/** Says of any error what the caller may know of it: of one that nobody expected only that it happened. */
export function failureOf(error: unknown): Failure {
  if (error instanceof DomainError) {
    const { errors, extra, retryAfterSeconds } = error.details;
    const headers = { ...HEADERS_OF_KIND[error.kind], ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }) };
    return { status: STATUS_OF_KIND[error.kind], code: error.code, detail: error.message, headers, extra: { ...(errors && { errors }), ...extra } };
  }
  // A unit that met a deadlock at each of its runs changed nothing; the next try will do.
  if (isUnavailable(error) || isRepeatable(error)) {
    return { status: 503, code: 'service.unavailable', detail: 'The service cannot use its database at the moment.', headers: HEADERS_OF_KIND.unavailable };
  }
  const status = statusOf(error);
  if (status >= 400 && status < 500) return outsideFailure(status, (error as Error).message);
  return { status: 500, code: 'internal', detail: 'Something went wrong on our side; the request id finds it in the log.' };
}

export function outsideFailure(status: number, message: string, rest: Partial<Failure> = {}): Failure {
  const { code, detail = message } = OUTSIDE[status] ?? OUTSIDE[400]!;
  return { status, code, detail, ...rest };
}

export function problemOf(failure: Failure, path: string, requestId: string): Problem {
  return {
    type: `urn:crossdesk:problem:${failure.code}`,
    title: STATUS_CODES[failure.status] ?? 'Error',
    status: failure.status,
    detail: failure.detail,
    instance: path,
    code: failure.code,
    request_id: requestId,
    ...failure.extra,
  };
}

export function sendProblem(failure: Failure, reply: FastifyReply): void {
  const { request } = reply;
  const problem = problemOf(failure, request.url.split('?', 1)[0]!, request.id);
  void reply.status(failure.status).headers(failure.headers ?? {}).type('application/problem+json').send(problem);
}

const HEADERS_OF_KIND: Partial<Record<ErrorKind, Record<string, string>>> = {
  unauthenticated: { 'www-authenticate': 'Bearer realm="crossdesk", ApiKey realm="crossdesk" header="X-API-Key"' },
  unavailable: { 'retry-after': '5' },
};

/** Nest's and Fastify's own errors carry their status. */
function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' ? status : 500;
}
