import type { FastifyInstance } from 'fastify';
import type { IncomingMessage } from 'node:http';
import { ulid } from '../../kernel/ids.js';

/** The caller's `X-Request-Id` when it is a plain word, one of our own otherwise. */
export function requestIdOf(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : newRequestId();
}

export function newRequestId(): string {
  return `req_${ulid()}`;
}

export function nameRequests(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
}
