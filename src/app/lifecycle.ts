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
  private spentMs = 0;

  constructor(
    private readonly config: Config,
    private readonly queue: JobQueue,
    private readonly database: Database,
    private readonly lock: InstanceLock,
    @Inject(RedisConnections) private readonly redis: RedisConnections | null,
  ) {}

  /** What the end of the requests has taken of the time in which all must be finished. */
  spend(ms: number): void {
    this.spentMs = ms;
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.queue.close(Math.max(0, this.config.values.SHUTDOWN_TIMEOUT * 1000 - this.spentMs));
  }

  async onApplicationShutdown(): Promise<void> {
    this.redis?.close();
    await this.database.close();
    await this.lock.release();
  }
}
