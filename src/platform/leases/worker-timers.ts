import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import type { Leases } from './leases.js';

export interface TimedTask {
  /** Also the name of its lease. */
  name: string;
  everyMs: number;
  /** How long the others wait for a worker that no longer does it. */
  leaseMs: number;
  /** What is logged when it fails; it is done again all the same. */
  failure: string;
}

interface Timer {
  task: TimedTask;
  work: (stopping: AbortSignal) => Promise<void>;
  interval?: NodeJS.Timeout;
  running: Promise<void> | null;
}

/**
 * Does tasks again and again in one of the workers: each under a lease, and one run of it at a time. When the process
 * stops, a running task is told and waited for.
 */
export class WorkerTimers implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly timers: Timer[] = [];
  private readonly stop = new AbortController();

  constructor(
    private readonly leases: Leases,
    private readonly config: Config,
    private readonly logger: Logger,
  ) {}

  /** To be called before the application has started, from a constructor. */
  every(task: TimedTask, work: (stopping: AbortSignal) => Promise<void>): void {
    this.timers.push({ task, work, running: null });
  }

  onApplicationBootstrap(): void {
    if (!this.config.plays('worker')) return;
    for (const timer of this.timers) {
      timer.interval = setInterval(() => {
        timer.running ??= this.run(timer).finally(() => (timer.running = null));
      }, timer.task.everyMs).unref();
    }
  }

  async onModuleDestroy(): Promise<void> {
    this.stop.abort();
    for (const { interval } of this.timers) clearInterval(interval);
    for (const { running } of this.timers) await running;
  }

  private async run({ task, work }: Timer): Promise<void> {
    try {
      if (await this.leases.acquire(task.name, task.leaseMs)) await work(this.stop.signal);
    } catch (error) {
      this.logger.error({ err: error }, task.failure);
    }
  }
}
