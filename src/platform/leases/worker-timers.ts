import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import type { Leases } from './leases.js';

export interface OwnTask {
  name: string;
  everyMs: number;
  /** What is logged when it fails; it is done again all the same. */
  failure: string;
}

/** Its name is also that of its lease. */
export interface TimedTask extends OwnTask {
  /** How long the others wait for a worker that no longer does it. */
  leaseMs: number;
}

interface Timer {
  task: OwnTask;
  /** Null for what every process does. */
  leaseMs: number | null;
  work: (stopping: AbortSignal) => Promise<void>;
  interval?: NodeJS.Timeout;
  running: Promise<void> | null;
}

/**
 * Does tasks again and again: those of the workers in one of them, under a lease, and those of a process in each. There
 * is one run of a task at a time in a process. When it stops, a running task is told and waited for.
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
    this.timers.push({ task, leaseMs: task.leaseMs, work, running: null });
  }

  /** As `every`, for what each process does for itself, whatever it plays. */
  everyHere(task: OwnTask, work: (stopping: AbortSignal) => Promise<void>): void {
    this.timers.push({ task, leaseMs: null, work, running: null });
  }

  onApplicationBootstrap(): void {
    for (const timer of this.timers) {
      if (timer.leaseMs !== null && !this.config.plays('worker')) continue;
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

  private async run({ task, leaseMs, work }: Timer): Promise<void> {
    try {
      if (leaseMs === null || (await this.leases.acquire(task.name, leaseMs))) await work(this.stop.signal);
    } catch (error) {
      this.logger.error({ err: error }, task.failure);
    }
  }
}
