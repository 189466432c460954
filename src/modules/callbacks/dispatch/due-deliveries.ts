import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { FirstDue } from '../deliveries/first-due.js';
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
    private readonly firstDue: FirstDue,
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

  /** Endpoints with something due that a pump should look at. */
  async endpoints(): Promise<string[]> {
    const now = this.clock.now();
    const open = await this.unitOfWork.query<{ id: string }>(
      'SELECT id FROM callback_endpoints WHERE enabled = 1 AND (suspended_until IS NULL OR suspended_until <= ?)',
      [now],
    );
    const first = await this.firstDue.of(open.map(({ id }) => id));
    return [...first].filter(([, dueAt]) => dueAt <= now).map(([id]) => id);
  }
}
