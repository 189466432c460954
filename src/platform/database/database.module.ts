import { Global, Module } from '@nestjs/common';
import { TypeOrmModule, getDataSourceToken } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { Logger } from 'pino';
import { Config } from '../config/config.js';
import { IdempotencyKeyEntity } from '../idempotency/idempotency-key.entity.js';
import { LeaseEntity } from '../leases/lease.entity.js';
import { LOGGER } from '../observability/tokens.js';
import { EventEntity, EventPositionEntity } from '../outbox/event.entity.js';
import { ProjectionPositionEntity } from '../outbox/projection-position.entity.js';
import { resolveColumnTypes } from './columns.js';
import { dataSourceOptions } from './data-source-options.js';
import { Database } from './database.js';
import { DeploymentEntity } from './deployment.entity.js';
import { InstanceLock } from './instance-lock.js';
import { assertMigrated, migrate } from './migrate.js';
import { UnitOfWork } from './unit-of-work.js';

@Global()
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [Config],
      useFactory: (config: Config) => ({ ...dataSourceOptions(config), autoLoadEntities: true, retryAttempts: 5, retryDelay: 1000 }),
      dataSourceFactory: async (options) => {
        resolveColumnTypes({ dialect: options!.type === 'mysql' ? 'mysql' : 'sqlite' });
        return Database.openWriter(options!);
      },
    }),
    TypeOrmModule.forFeature([DeploymentEntity, EventEntity, EventPositionEntity, ProjectionPositionEntity, LeaseEntity, IdempotencyKeyEntity]),
  ],
  providers: [
    {
      provide: InstanceLock,
      inject: [Config, getDataSourceToken(), LOGGER],
      useFactory: (config: Config, dataSource: DataSource, logger: Logger) =>
        InstanceLock.take(config, () => dataSource, () => {
          logger.fatal('another process has taken over this database; stopping');
          process.exit(1);
        }),
    },
    {
      provide: Database,
      inject: [Config, getDataSourceToken(), InstanceLock],
      useFactory: async (config: Config, dataSource: DataSource, lock: InstanceLock) => {
        try {
          await (config.values.MIGRATE === 'on' ? migrate(dataSource) : assertMigrated(dataSource));
          return await Database.over(dataSource, config);
        } catch (error) {
          await lock.release();
          throw error;
        }
      },
    },
    { provide: UnitOfWork, inject: [Database], useFactory: (database: Database) => new UnitOfWork(database) },
  ],
  exports: [Database, UnitOfWork, InstanceLock],
})
export class DatabaseModule {}
