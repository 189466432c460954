import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { SystemClock } from '../kernel/clock.js';
import type { Clock } from '../kernel/clock.js';
import { ClientAddresses, addressRequests } from '../platform/addresses/client-address.js';
import type { Config } from '../platform/config/config.js';
import { readTlsFiles } from '../platform/config/tls-files.js';
import { closeConnectionsWhileStopping } from '../platform/http/drain.js';
import { readJsonBodies } from '../platform/http/json-body.js';
import { allowLargeBodies } from '../platform/http/large-body.js';
import { ProblemFilter } from '../platform/http/problem.filter.js';
import { nameRequests } from '../platform/http/request-id.js';
import { addResourceHeaders } from '../platform/http/resource-headers.js';
import { RouteTable } from '../platform/http/route-table.js';
import { addSecurityHeaders, securityHeaders } from '../platform/http/security-headers.js';
import { httpServerOptions } from '../platform/http/server-options.js';
import { NestLogger } from '../platform/observability/logger.js';
import { Metrics } from '../platform/observability/metrics.js';
import { logRequests } from '../platform/observability/request-log.js';
import { JobQueue } from '../platform/queue/job-queue.js';
import { RedisConnections } from '../platform/redis/redis.js';
import { SocketAdapter } from '../platform/sockets/socket.adapter.js';
import { DEPLOYMENT } from '../platform/tokens.js';
import { AppModule } from './app.module.js';
import { serveOpenApi } from './openapi.js';
import { serveQueueBoard } from './queue-board/queue-board.js';
import { closeToOutsiders } from './roles.js';

export interface AppOptions {
  config: Config;
  logger: Logger;
  clock?: Clock;
}

/** Builds the application as it runs, for the process and for tests alike. */
export async function configureApp({ config, logger, clock = new SystemClock() }: AppOptions): Promise<NestFastifyApplication> {
  const headers = securityHeaders(config);
  const adapter = new FastifyAdapter({
    ...httpServerOptions(headers.api),
    ...(config.tls !== null && { https: readTlsFiles(config.tls.cert, config.tls.key) }),
    trustProxy: config.values.TRUST_PROXY.length > 0 ? config.values.TRUST_PROXY : false,
    forceCloseConnections: 'idle',
  });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with({ config, logger, clock }), adapter, {
    bodyParser: false,
    logger: new NestLogger(logger),
    abortOnError: false,
    forceCloseConnections: false,
  });
  const fastify = adapter.getInstance();
  const routes = app.get(RouteTable);
  routes.watch(fastify);
  nameRequests(fastify);
  addSecurityHeaders(fastify, headers);
  addressRequests(fastify, app.get(ClientAddresses));
  closeConnectionsWhileStopping(fastify);
  readJsonBodies(fastify);
  allowLargeBodies(fastify);
  addResourceHeaders(fastify);
  logRequests(fastify, logger);
  app.get(Metrics).watch(fastify);
  closeToOutsiders(fastify, config);
  app.useGlobalFilters(new ProblemFilter(logger, routes));
  const { CORS_ORIGINS } = config.values;
  if (CORS_ORIGINS.length > 0) {
    app.enableCors({
      origin: CORS_ORIGINS.includes('*') ? '*' : CORS_ORIGINS,
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
      exposedHeaders: ['etag', 'idempotency-replayed', 'location', 'ratelimit', 'ratelimit-policy', 'retry-after', 'x-request-id'],
    });
  }
  app.useWebSocketAdapter(await SocketAdapter.create(app, config, app.get<RedisConnections | null>(RedisConnections), app.get<string>(DEPLOYMENT)));
  serveOpenApi(app, config);
  serveQueueBoard(app, config, logger);
  await app.init();
  if (config.plays('worker')) await app.get(JobQueue).start();
  return app;
}
