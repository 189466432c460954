import { Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { Clock } from '../../../kernel/clock.js';
import { ulid } from '../../../kernel/ids.js';
import { Config } from '../../../platform/config/config.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { WorkerTimers } from '../../../platform/leases/worker-timers.js';
import { JobQueue } from '../../../platform/queue/job-queue.js';
import { RecoverEvents } from './recover-events.js';
import { RecoveriesRepository } from './recoveries.repository.js';
import { RECOVERY_JOB } from './recovery-job.js';
import type { RecoveryEntity } from './recovery.entity.js';

const CONCURRENT_RECOVERIES = 4;
/** Longer than a step may wait for a lock; renewed by each step. */
const LEASE_MS = 30_000;
const EVERY_MS = 5000;
const TASK = {
  name: 'callback-recoveries', everyMs: EVERY_MS, leaseMs: 3 * EVERY_MS, failure: 'the look for recoveries to go on with failed; the next one comes soon',
};

/**
 * Does recoveries step by step. The row is the record and the job only wakes: whoever has claimed the row goes on from
 * where it is, and when that worker dies another does.
 */
@Injectable()
export class RecoveryRunner implements OnApplicationBootstrap, OnModuleDestroy {
  private stopping = false;

  constructor(
    private readonly recoveries: RecoveriesRepository,
    private readonly recover: RecoverEvents,
    private readonly queue: JobQueue,
    private readonly unitOfWork: UnitOfWork,
    private readonly config: Config,
    private readonly clock: Clock,
    timers: WorkerTimers,
  ) {
    timers.every(TASK, () => this.wakeAll());
  }

  async onApplicationBootstrap(): Promise<void> {
    this.queue.handle(RECOVERY_JOB, (id, signal) => this.run(id, signal), { concurrency: CONCURRENT_RECOVERIES });
    if (!this.config.plays('worker')) return;
    // SQLite has one process, so whatever is claimed was claimed by one that is dead.
    if (this.config.dialect === 'sqlite') await this.unitOfWork.run(() => this.recoveries.releaseAll());
    await this.wakeAll();
  }

  onModuleDestroy(): void {
    this.stopping = true;
  }

  /** Wakes what runs and what nobody is at, whatever became of its worker. */
  async wakeAll(): Promise<void> {
    for (const id of await this.recoveries.unclaimed(this.clock.now())) this.queue.wake(RECOVERY_JOB, id);
  }

  private async run(id: string, signal: AbortSignal): Promise<void> {
    const token = ulid(this.clock.now());
    const now = this.clock.now();
    const recovery = await this.unitOfWork.run(() => this.recoveries.claim(id, token, now, now + LEASE_MS));
    if (recovery === null) return;
    try {
      await this.stepOn(recovery, token, signal);
    } finally {
      await this.unitOfWork.run(() => this.recoveries.release(id, token));
    }
  }

  private async stepOn({ id, organization_id }: RecoveryEntity, token: string, signal: AbortSignal): Promise<void> {
    while (!this.stopping && !signal.aborted) {
      const begunAt = performance.now();
      if (!(await this.recover.step(id, organization_id, token, this.clock.now() + LEASE_MS))) return;
      // As long a pause as the step was: the messages of the day come first.
      await delay(performance.now() - begunAt);
    }
  }
}
