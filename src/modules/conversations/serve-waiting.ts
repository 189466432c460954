import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { WorkerTimers } from '../../platform/leases/worker-timers.js';
import { Organizations } from '../organizations/organizations.contract.js';
import { QueueRepository } from './queue.repository.js';
import { RoutingService } from './routing.service.js';

const EVERY_MS = 10_000;
const TASK = { name: 'waiting-conversations', everyMs: EVERY_MS, leaseMs: 5 * EVERY_MS, failure: 'waiting conversations could not be routed; the next try comes soon' };
/** What was put back a moment ago is left to who put it back. */
const WAITED_MS = 30_000;

/**
 * Serves what waits although nothing happens that would serve it: its department has opened, or the only agent for it had it taken
 * away and is still there.
 */
@Injectable()
export class ServeWaiting {
  constructor(
    private readonly queue: QueueRepository,
    private readonly routing: RoutingService,
    private readonly organizations: Organizations,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    timers: WorkerTimers,
  ) {
    timers.every(TASK, (stopping) => this.run(stopping));
  }

  async run(stopping?: AbortSignal): Promise<void> {
    for (const organizationId of await this.queue.organizationsWaitingSince(this.clock.now() - WAITED_MS)) {
      if (stopping?.aborted === true) return;
      await this.unitOfWork.run(async () => {
        await this.organizations.lockRouting(organizationId);
        await this.routing.drainQueue(organizationId);
      });
    }
  }
}
