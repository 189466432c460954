import type { FastifyHttpOptions } from 'fastify';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { failureOf, outsideFailure, problemOf, sendProblem } from './problem.js';
import type { Failure } from './problem.js';
import { newRequestId, requestIdOf } from './request-id.js';

const BODY_LIMIT_BYTES = 1024 * 1024;
/** From the first byte of a request to its last one: a caller that dribbles does not hold its connection for ever. */
const REQUEST_TIMEOUT_MS = 120_000;
const LINGER_MS = 1000;
/** An external id of 191 Chinese characters has 1,719 once it is percent-encoded. */
const MAX_PARAM_LENGTH = 2000;

/** What Fastify and Node answer by themselves, before any route or hook of ours: limits, and problem documents here too. */
export function httpServerOptions(headers: Record<string, string>): FastifyHttpOptions<Server> {
  return {
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    genReqId: requestIdOf,
    // A request that still comes in while the service drains is served, on a connection that then closes.
    return503OnClosing: false,
    routerOptions: { ignoreTrailingSlash: false, maxParamLength: MAX_PARAM_LENGTH },
    frameworkErrors: (error, request, reply) => {
      reply.headers({ ...headers, 'x-request-id': request.id });
      sendProblem(failureOf(error), reply);
    },
    clientErrorHandler: answerNoRequest,
  };
}

/** What arrived is no HTTP request that Node could read. */
function answerNoRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return;
  socket.end(rawAnswer(failureOfClient(error.code)));
  // Cut off while it still sends, the caller would lose the answer with the connection.
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

function failureOfClient(code: string | undefined): Failure {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return outsideFailure(408, '');
  if (code === 'HPE_HEADER_OVERFLOW') return outsideFailure(431, '');
  return outsideFailure(400, 'This is not an HTTP request.');
}

function rawAnswer(failure: Failure): string {
  const requestId = newRequestId();
  const problem = problemOf(failure, '/', requestId);
  const body = JSON.stringify(problem);
  return [
    `HTTP/1.1 ${failure.status} ${problem.title}`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
