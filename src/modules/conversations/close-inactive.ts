import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { placeholders } from '../../platform/database/rows.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { WorkerTimers } from '../../platform/leases/worker-timers.js';
import { Departments } from '../departments/departments.contract.js';
import type { InactivityRule } from '../departments/departments.contract.js';
import { Organizations } from '../organizations/organizations.contract.js';
import { ConversationWriter } from './conversation-writer.js';
import { ConversationsRepository } from './conversations.repository.js';
import { occupiesAgent } from './domain/conversation-status.js';
import { RoutingService } from './routing.service.js';

const EVERY_MS = 30_000;
const TASK = { name: 'inactive-conversations', everyMs: EVERY_MS, leaseMs: 5 * EVERY_MS, failure: 'inactive conversations could not be closed; the next try comes soon' };
const BATCH = 100;

/**
 * Closes open and pending conversations in which nothing has happened for as long as their department says. It reads those that are
 * being served, which are few, by the index of the queue: one over the time of the last message would be written with every message.
 */
@Injectable()
export class CloseInactive {
  constructor(
    private readonly conversations: ConversationsRepository,
    private readonly writer: ConversationWriter,
    private readonly routing: RoutingService,
    private readonly departments: Departments,
    private readonly organizations: Organizations,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    timers: WorkerTimers,
  ) {
    timers.every(TASK, (stopping) => this.run(stopping));
  }

  async run(stopping?: AbortSignal): Promise<void> {
    for (const rule of await this.departments.inactivityRules()) {
      if (!(await this.organizations.isOpen(rule.organizationId))) continue;
      const before = this.clock.now() - rule.afterMs;
      for (const status of ['open', 'pending']) {
        for (let found = BATCH; found === BATCH; ) {
          const ids = await this.inactive(rule, status, before);
          for (const id of ids) {
            if (stopping?.aborted === true) return;
            await this.unitOfWork.run(() => this.close(rule.organizationId, id, before));
          }
          found = ids.length;
        }
      }
    }
  }

  private async inactive({ organizationId, department }: InactivityRule, status: string, before: number): Promise<string[]> {
    const [condition, names] = typeof department === 'string'
      ? ['department = ?', [department]]
      : [department.others.length === 0 ? '1 = 1' : `(department IS NULL OR department NOT IN (${placeholders(department.others.length)}))`, department.others];
    const rows = await this.unitOfWork.query<{ id: string }>(
      `SELECT id FROM conversations WHERE organization_id = ? AND status = ? AND updated_at <= ? AND ${condition} LIMIT ?`,
      [organizationId, status, before, ...names, BATCH],
    );
    return rows.map(({ id }) => id);
  }

  private async close(organizationId: string, id: string, before: number): Promise<void> {
    await this.organizations.lockRouting(organizationId);
    const conversation = await this.conversations.getByIdForUpdate(id);
    if (!occupiesAgent(conversation.status) || conversation.updated_at > before) return;
    await this.writer.write(conversation, { ...conversation, status: 'closed' }, { actorId: null, closedReason: 'inactivity' });
    await this.routing.drainQueue(organizationId);
  }
}
