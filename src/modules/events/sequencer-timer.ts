import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { Logger } from 'pino';
import { Config } from '../../platform/config/config.js';
import { Leases } from '../../platform/leases/leases.js';
import { LOGGER } from '../../platform/observability/tokens.js';
import { Sequencer } from '../../platform/outbox/sequencer.js';

const EVERY_MS = 1000;
const LEASE = 'sequencer';

/** Gives positions also while nobody reads, so that the next reader finds little left to do. */
@Injectable()
export class SequencerTimer implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | null = null;

  constructor(
    private readonly sequencer: Sequencer,
    private readonly leases: Leases,
    private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.config.plays('worker')) return;
    this.timer = setInterval(() => {
      this.running ??= this.run().finally(() => (this.running = null));
    }, EVERY_MS);
    this.timer.unref();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  private async run(): Promise<void> {
    try {
      if (await this.leases.acquire(LEASE, 5 * EVERY_MS)) await this.sequencer.sequenceAll();
    } catch (error) {
      this.logger.error({ err: error }, 'events could not be given their positions; the next try comes soon');
    }
  }
}
