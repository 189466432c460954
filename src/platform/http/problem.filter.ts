import { Catch } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { DomainError } from '../../kernel/domain-error.js';
import { failureOf, outsideFailure, sendProblem } from './problem.js';
import type { Failure } from './problem.js';
import type { RouteTable } from './route-table.js';

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
    const failure = this.describe(error, request);
    if (failure.status >= 500 && !(error instanceof DomainError)) this.logger.error({ err: error, request_id: request.id, code: failure.code }, 'request failed');
    sendProblem(failure, reply);
  }

  /** Nest says 404 of every route that it does not know; a path that has other methods is a 405. */
  private describe(error: unknown, request: FastifyRequest): Failure {
    const failure = failureOf(error);
    if (failure.status !== 404 || error instanceof DomainError) return failure;
    const methods = this.routes.methodsOf(request.url);
    if (methods.length === 0) return failure;
    const allow = methods.join(', ');
    return outsideFailure(405, `This path knows ${allow}.`, { headers: { allow }, extra: { allowed: methods } });
  }
}
