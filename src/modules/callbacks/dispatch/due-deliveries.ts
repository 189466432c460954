import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import type { EndpointEntity } from '../endpoints/endpoint.entity.js';
import { rulesOf } from './dispatch-rules.js';
import type { DispatchRules } from './dispatch-rules.js';
import type { Due } from './due.js';
import { DueFreely } from './due-freely.js';
import { DueInOrder } from './due-in-order.js';
import { grantable } from './rate-grants.js';

/** Which endpoints have something to send, what, and when there will be something. */
@Injectable()
export class DueDeliveries {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly freely: DueFreely,
    private readonly inOrder: DueInOrder,
    private readonly clock: Clock,
  ) {}

  under({ ordered }: DispatchRules): Due {
    return ordered ? this.inOrder : this.freely;
  }

  async hasDue(callbackId: string): Promise<boolean> {
    const rows = await this.unitOfWork.query('SELECT 1 AS found FROM callback_deliveries WHERE callback_id = ? AND due_at <= ? LIMIT 1', [callbackId, this.clock.now()]);
    return rows.length > 0;
  }

  /** When there is next something to do for this endpoint as it is: an attempt, a batch, or the end of somebody's claim. */
  async nextReadyAt(endpoint: EndpointEntity): Promise<number | null> {
    const rules = rulesOf(endpoint);
    const due = this.under(rules);
    const dueAt = rules.batch === null ? await due.nextDueAt(endpoint.id) : await due.nextBatchAt(endpoint.id, rules.batch);
    if (dueAt === null) return null;
    const freeAt = rules.rateLimit === null ? 0 : grantable(rules.rateLimit, endpoint.rate_grants ?? [], this.clock.now()).freeAt;
    return Math.max(dueAt, freeAt, endpoint.suspended_until ?? 0);
  }

  /** Endpoints with something due that a pump should look at. One look for each: of EXISTS MariaDB makes a join that reads the whole index. */
  async endpoints(): Promise<string[]> {
    const now = this.clock.now();
    const rows = await this.unitOfWork.query<{ id: string }>(
      `SELECT e.id FROM callback_endpoints e WHERE e.enabled = 1 AND (e.suspended_until IS NULL OR e.suspended_until <= ?)
       AND 1 = (SELECT 1 FROM callback_deliveries d WHERE d.callback_id = e.id AND d.due_at <= ? ORDER BY d.due_at LIMIT 1)`,
      [now, now],
    );
    return rows.map((row) => row.id);
  }
}
