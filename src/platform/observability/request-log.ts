import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';

/** One line for each request, after its answer. */
export function logRequests(fastify: FastifyInstance, logger: Logger): void {
  if (!logger.isLevelEnabled('info')) return;
  fastify.addHook('onResponse', (request, reply, done) => {
    logger.info(
      {
        request_id: request.id,
        method: request.method,
        path: request.url.split('?', 1)[0],
        status: reply.statusCode,
        duration_ms: Math.round(reply.elapsedTime * 10) / 10,
        caller: request.principal?.id,
        address: request.clientAddress,
      },
      'request',
    );
    done();
  });
}
