import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import type { Leases } from '../leases/leases.js';
import type { IdempotencyKeys } from './idempotency-keys.js';

const EVERY_MS = 5 * 60_000;
const LEASE = 'idempotency-cleanup';
/** Deleted in one transaction: few enough that nobody waits for it. */
const BATCH = 500;

/** Deletes what nobody can ask for any more; without it every key ever used would stay. */
export class IdempotencyCleanup implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private stopping = false;
  private running: Promise<void> | null = null;

  constructor(
    private readonly keys: IdempotencyKeys,
    private readonly leases: Leases,
    private readonly config: Config,
    private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.config.plays('worker')) return;
    this.timer = setInterval(() => {
      this.running ??= this.runUnderLease().finally(() => (this.running = null));
    }, EVERY_MS);
    this.timer.unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    clearInterval(this.timer);
    await this.running;
  }

  async run(): Promise<void> {
    while (!this.stopping && (await this.keys.deleteExpired(BATCH)) === BATCH);
  }

  private async runUnderLease(): Promise<void> {
    try {
      if (await this.leases.acquire(LEASE, EVERY_MS)) await this.run();
    } catch (error) {
      this.logger.error({ err: error }, 'expired idempotency keys could not be deleted; the next try comes soon');
    }
  }
}
