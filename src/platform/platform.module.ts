import { Global, Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import type { Logger } from 'pino';
import { Clock } from '../kernel/clock.js';
import { Invalidation, LocalInvalidation, RedisInvalidation } from './cache/invalidation.js';
import { Config } from './config/config.js';
import { Cipher } from './crypto/cipher.js';
import { secretKeys } from './crypto/secret-key-file.js';
import { Database } from './database/database.js';
import { DatabaseModule } from './database/database.module.js';
import { UnitOfWork } from './database/unit-of-work.js';
import { RouteTable } from './http/route-table.js';
import { ClientAddresses } from './addresses/client-address.js';
import { Beforehand } from './idempotency/beforehand.js';
import { IdempotencyCleanup } from './idempotency/idempotency-cleanup.js';
import { IdempotencyKeys } from './idempotency/idempotency-keys.js';
import { Leases } from './leases/leases.js';
import { WorkerTimers } from './leases/worker-timers.js';
import { createCounters } from './limits/counters.factory.js';
import { Counters } from './limits/counters.js';
import { RequestLimits } from './limits/request-limits.js';
import { createNonceStore } from './nonces/nonce-store.factory.js';
import { NonceStore } from './nonces/nonce-store.js';
import { HealthController } from './observability/health.controller.js';
import { Metrics } from './observability/metrics.js';
import { ServiceGauges } from './observability/service-gauges.js';
import { LOGGER } from './observability/tokens.js';
import { Outbox } from './outbox/outbox.js';
import { Projections } from './outbox/projections.js';
import { Sequencer } from './outbox/sequencer.js';
import { createJobQueue } from './queue/job-queue.factory.js';
import { JobQueue } from './queue/job-queue.js';
import { RedisConnections } from './redis/redis.js';
import { DEPLOYMENT } from './tokens.js';

export interface PlatformOptions {
  config: Config;
  logger: Logger;
  clock: Clock;
}

/** Everything technical that features stand on. */
@Global()
@Module({})
export class PlatformModule {
  static with({ config, logger, clock }: PlatformOptions): DynamicModule {
    const providers = [
      { provide: Config, useValue: config },
      { provide: LOGGER, useValue: logger },
      { provide: Clock, useValue: clock },
      { provide: Cipher, useFactory: () => new Cipher(secretKeys(config)) },
      { provide: Metrics, useFactory: () => new Metrics() },
      { provide: RouteTable, useFactory: () => new RouteTable() },
      {
        provide: DEPLOYMENT,
        inject: [Database],
        useFactory: async (database: Database) => {
          const [row] = (await database.committed.query('SELECT id FROM deployments')) as { id: string }[];
          if (row === undefined) throw new Error('The database has no tables yet: run npm run migrate, or start with MIGRATE=on.');
          return row.id;
        },
      },
      {
        provide: RedisConnections,
        useFactory: () => (config.values.REDIS_URL === undefined ? null : RedisConnections.open(config.values.REDIS_URL, logger)),
      },
      {
        provide: Invalidation,
        inject: [RedisConnections, DEPLOYMENT],
        useFactory: (redis: RedisConnections | null, deployment: string) =>
          redis === null ? new LocalInvalidation() : new RedisInvalidation(redis, `crossdesk:${deployment}:invalidate`, logger),
      },
      {
        provide: NonceStore,
        inject: [RedisConnections, DEPLOYMENT],
        useFactory: (redis: RedisConnections | null, deployment: string) =>
          createNonceStore({ redis, prefix: `crossdesk:${deployment}:nonces`, now: clock.now(), logger }),
      },
      {
        provide: JobQueue,
        inject: [DEPLOYMENT],
        useFactory: (deployment: string) =>
          createJobQueue({
            redisUrl: config.values.REDIS_URL,
            prefix: `crossdesk:${deployment}`,
            onError: (error, context) => logger.error({ err: error, ...context }, 'queue'),
          }),
      },
      { provide: ClientAddresses, useFactory: () => new ClientAddresses(config.values.TRUST_PROXY) },
      {
        provide: Counters,
        inject: [RedisConnections, DEPLOYMENT, Metrics],
        useFactory: (redis: RedisConnections | null, deployment: string, { registry }: Metrics) =>
          createCounters({ redis, prefix: `crossdesk:${deployment}:limit`, logger, registry }),
      },
      {
        provide: RequestLimits,
        inject: [Counters, Metrics],
        useFactory: (counters: Counters, { registry }: Metrics) => new RequestLimits(counters, config.rateLimit, registry),
      },
      { provide: Outbox, inject: [UnitOfWork], useFactory: (unitOfWork: UnitOfWork) => new Outbox(unitOfWork) },
      { provide: Sequencer, inject: [UnitOfWork], useFactory: (unitOfWork: UnitOfWork) => new Sequencer(unitOfWork) },
      {
        provide: ServiceGauges,
        inject: [UnitOfWork, JobQueue, Projections, Metrics],
        useFactory: (unitOfWork: UnitOfWork, queue: JobQueue, projections: Projections, { registry }: Metrics) =>
          new ServiceGauges(unitOfWork, queue, projections, clock, registry, logger),
      },
      { provide: Leases, inject: [UnitOfWork], useFactory: (unitOfWork: UnitOfWork) => new Leases(unitOfWork, clock) },
      { provide: Beforehand, inject: [UnitOfWork], useFactory: (unitOfWork: UnitOfWork) => new Beforehand(unitOfWork) },
      { provide: WorkerTimers, inject: [Leases], useFactory: (leases: Leases) => new WorkerTimers(leases, config, logger) },
      {
        provide: Projections,
        inject: [UnitOfWork, Sequencer, WorkerTimers],
        useFactory: (unitOfWork: UnitOfWork, sequencer: Sequencer, timers: WorkerTimers) => new Projections(unitOfWork, sequencer, timers, logger),
      },
      {
        provide: IdempotencyKeys,
        inject: [UnitOfWork, Cipher],
        useFactory: (unitOfWork: UnitOfWork, cipher: Cipher) => new IdempotencyKeys(unitOfWork, cipher, clock),
      },
      {
        provide: IdempotencyCleanup,
        inject: [IdempotencyKeys, WorkerTimers],
        useFactory: (keys: IdempotencyKeys, timers: WorkerTimers) => new IdempotencyCleanup(keys, timers),
      },
    ];
    return {
      module: PlatformModule,
      imports: [DatabaseModule],
      controllers: [HealthController],
      providers,
      exports: providers.map(({ provide }) => provide),
    };
  }
}
