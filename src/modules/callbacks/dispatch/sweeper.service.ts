import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { Logger } from 'pino';
import { Config } from '../../../platform/config/config.js';
import { Leases } from '../../../platform/leases/leases.js';
import { LOGGER } from '../../../platform/observability/tokens.js';
import { JobQueue } from '../../../platform/queue/job-queue.js';
import { DeliveryClaims } from './delivery-claims.js';
import { DueDeliveries } from './due-deliveries.js';
import { PUMP_JOB } from './pump-job.js';

const EVERY_MS = 5000;
const LEASE = 'callback-sweeper';

/**
 * Finds endpoints with something due that nobody was woken for: after a crash, a Redis that lost its data, a wake that
 * got lost. A timer of our own and not a schedule in Redis, since it has to survive that too.
 */
@Injectable()
export class SweeperService implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private sweeping: Promise<void> = Promise.resolve();

  constructor(
    private readonly claims: DeliveryClaims,
    private readonly due: DueDeliveries,
    private readonly leases: Leases,
    private readonly queue: JobQueue,
    private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (!this.config.plays('worker')) return;
    // SQLite has one process, so whatever is claimed was claimed by one that is dead.
    if (this.config.dialect === 'sqlite') await this.claims.releaseAll();
    // At the start without a lease: its last holder may have died a moment ago.
    this.sweeping = this.sweep().catch((error: unknown) => this.report(error));
    this.timer = setInterval(() => {
      this.sweeping = this.sweepUnderLease().catch((error: unknown) => this.report(error));
    }, EVERY_MS);
    this.timer.unref();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.sweeping;
  }

  /** Wakes a pump for every endpoint with something due. */
  async sweep(): Promise<void> {
    for (const callbackId of await this.due.endpoints()) this.queue.wake(PUMP_JOB, callbackId);
  }

  private async sweepUnderLease(): Promise<void> {
    if (await this.leases.acquire(LEASE, 3 * EVERY_MS)) await this.sweep();
  }

  private report(error: unknown): void {
    this.logger.error({ err: error }, 'the sweep for due deliveries failed; the next one comes soon');
  }
}
