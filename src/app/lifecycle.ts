import { Inject, Injectable } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationShutdown } from '@nestjs/common';
import { Config } from '../platform/config/config.js';
import { Database } from '../platform/database/database.js';
import { InstanceLock } from '../platform/database/instance-lock.js';
import { JobQueue } from '../platform/queue/job-queue.js';
import { RedisConnections } from '../platform/redis/redis.js';

/** Ends in the order in which things stand on each other: work, then connections, then the lock. */
@Injectable()
export class Lifecycle implements BeforeApplicationShutdown, OnApplicationShutdown {
  constructor(
    private readonly config: Config,
    private readonly queue: JobQueue,
    private readonly database: Database,
    private readonly lock: InstanceLock,
    @Inject(RedisConnections) private readonly redis: RedisConnections | null,
  ) {}

  async beforeApplicationShutdown(): Promise<void> {
    await this.queue.close(this.config.values.SHUTDOWN_TIMEOUT * 1000);
  }

  async onApplicationShutdown(): Promise<void> {
    this.redis?.close();
    await this.database.close();
    await this.lock.release();
  }
}
