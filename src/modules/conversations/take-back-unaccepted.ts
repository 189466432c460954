import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { WorkerTimers } from '../../platform/leases/worker-timers.js';
import { Organizations } from '../organizations/organizations.contract.js';
import { ConversationsRepository } from './conversations.repository.js';
import { RoutingService } from './routing.service.js';

const EVERY_MS = 2000;
const TASK = { name: 'assignment-timeouts', everyMs: EVERY_MS, leaseMs: 5 * EVERY_MS, failure: 'unanswered conversations could not be taken back; the next try comes soon' };
const BATCH = 100;

interface Due {
  id: string;
  organization_id: string;
}

/** Takes conversations from agents who have let the time to accept or answer pass, and routes them to others first. */
@Injectable()
export class TakeBackUnaccepted {
  constructor(
    private readonly conversations: ConversationsRepository,
    private readonly routing: RoutingService,
    private readonly organizations: Organizations,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    timers: WorkerTimers,
  ) {
    timers.every(TASK, (stopping) => this.run(stopping));
  }

  async run(stopping?: AbortSignal): Promise<void> {
    for (;;) {
      // Those of closed organizations stay as they are: who routes there has no row to lock.
      const due = await this.unitOfWork.query<Due>(
        `SELECT c.id, c.organization_id FROM conversations c
         WHERE c.accept_due_at <= ? AND 1 = (SELECT 1 FROM routing_locks l WHERE l.organization_id = c.organization_id) ORDER BY c.accept_due_at LIMIT ?`,
        [this.clock.now(), BATCH],
      );
      for (const each of due) {
        if (stopping?.aborted === true) return;
        await this.unitOfWork.run(() => this.takeBack(each));
      }
      if (due.length < BATCH) return;
    }
  }

  private async takeBack({ id, organization_id }: Due): Promise<void> {
    await this.organizations.lockRouting(organization_id);
    const conversation = await this.conversations.getByIdForUpdate(id);
    // It was accepted, answered, ended or given to somebody else since it was found.
    if (conversation.accept_due_at === null || conversation.accept_due_at > this.clock.now()) return;
    await this.routing.putBack(conversation, { kind: 'timed_out', reason: 'timed_out' });
    await this.routing.drainQueue(organization_id, { conversationId: id, agentId: conversation.agent_id });
  }
}
