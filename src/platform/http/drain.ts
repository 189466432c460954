import type { FastifyInstance } from 'fastify';

/**
 * Once the service stops, every answer is the last one on its connection: one that its caller kept open would hold up
 * the end until it had been idle for over a minute.
 */
export function closeConnectionsWhileStopping(fastify: FastifyInstance): void {
  let stopping = false;
  fastify.addHook('preClose', (done) => {
    stopping = true;
    done();
  });
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    if (stopping) reply.header('connection', 'close');
    done(null, payload);
  });
}
