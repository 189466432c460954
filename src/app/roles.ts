import type { FastifyInstance } from 'fastify';
import { DomainError } from '../kernel/domain-error.js';
import type { Config } from '../platform/config/config.js';

const ALWAYS_OPEN = /^\/(health\/|metrics)/;

/** A process that is no `api` answers health checks and metrics only. */
export function closeToOutsiders(fastify: FastifyInstance, config: Config): void {
  if (config.plays('api')) return;
  fastify.addHook('onRequest', (request, _reply, done) => {
    if (ALWAYS_OPEN.test(request.url)) done();
    else done(new DomainError('unavailable', 'service.worker_only', 'This process is a worker; the API is served elsewhere.'));
  });
}
