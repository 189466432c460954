import { Catch, HttpException } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { STATUS_CODES } from 'node:http';
import type { Logger } from 'pino';
import { DomainError } from '../../kernel/domain-error.js';
import type { ErrorKind } from '../../kernel/domain-error.js';
import { isUnavailable } from '../database/unique-violation.js';
import type { RouteTable } from './route-table.js';

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

/** Codes for what fails before or outside of our own code. */
const CODE_OF_STATUS: Record<number, string> = {
  400: 'request.malformed',
  404: 'route.not_found',
  405: 'route.method_not_allowed',
  408: 'request.timeout',
  413: 'request.too_large',
  414: 'request.uri_too_long',
  415: 'request.unsupported_media_type',
  503: 'service.unavailable',
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
  errors?: { field: string; code: string; message: string }[];
  [extra: string]: unknown;
}

interface Failure {
  status: number;
  code: string;
  detail: string;
  extra?: Record<string, unknown>;
}

/** Turns every error into a problem document; what nobody expected becomes a 500 that says nothing of the inside. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly logger: Logger,
    private readonly routes: RouteTable,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    if (reply.sent) return;
    const failure = this.describe(error, request, reply);
    if (failure.status >= 500) this.logger.error({ err: error, request_id: request.id, code: failure.code }, 'request failed');
    const path = request.url.split('?', 1)[0]!;
    const problem: Problem = {
      type: `urn:crossdesk:problem:${failure.code}`,
      title: STATUS_CODES[failure.status] ?? 'Error',
      status: failure.status,
      detail: failure.detail,
      instance: path,
      code: failure.code,
      request_id: request.id,
      ...failure.extra,
    };
    if (failure.status === 401) reply.header('www-authenticate', 'Bearer realm="crossdesk", ApiKey realm="crossdesk" header="X-API-Key"');
    void reply.status(failure.status).type('application/problem+json').send(problem);
  }

  private describe(error: unknown, request: FastifyRequest, reply: FastifyReply): Failure {
    if (error instanceof DomainError) {
      const { errors, extra } = error.details;
      if (error.kind === 'unavailable') reply.header('retry-after', '5');
      return { status: STATUS_OF_KIND[error.kind], code: error.code, detail: error.message, extra: { ...(errors && { errors }), ...extra } };
    }
    if (isUnavailable(error)) {
      reply.header('retry-after', '5');
      return { status: 503, code: 'service.unavailable', detail: 'The service cannot reach its database at the moment.' };
    }
    const status = statusOf(error);
    if (status === 404) return this.describeMissingRoute(request, reply);
    if (status >= 400 && status < 500) {
      return { status, code: CODE_OF_STATUS[status] ?? 'request.malformed', detail: (error as Error).message };
    }
    return { status: 500, code: 'internal', detail: 'Something went wrong on our side; the request id finds it in the log.' };
  }

  private describeMissingRoute(request: FastifyRequest, reply: FastifyReply): Failure {
    const methods = this.routes.methodsOf(request.url);
    if (methods.length === 0) return { status: 404, code: CODE_OF_STATUS[404]!, detail: 'There is nothing at this path.' };
    reply.header('allow', methods.join(', '));
    return { status: 405, code: CODE_OF_STATUS[405]!, detail: `This path knows ${methods.join(', ')}.`, extra: { allowed: methods } };
  }
}

/** Nest's and Fastify's own errors carry their status. */
function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' ? status : 500;
}
