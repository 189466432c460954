import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { newId } from '../../../kernel/ids.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { JobQueue } from '../../../platform/queue/job-queue.js';
import { concerns } from '../deliveries/concerns.js';
import { DeliveriesRepository } from '../deliveries/deliveries.repository.js';
import type { DeliveryStatus } from '../deliveries/delivery-status.js';
import { PUMP_JOB } from '../dispatch/pump-job.js';
import type { EndpointEntity } from '../endpoints/endpoint.entity.js';
import { EndpointsRepository } from '../endpoints/endpoints.repository.js';
import { FormatRegistry } from '../formats/format-registry.js';
import { PastEvents } from './past-events.js';
import type { PastEvent } from './past-events.js';
import { RecoveriesRepository } from './recoveries.repository.js';
import type { RecoveryEntity } from './recovery.entity.js';

/** Events that are looked at in one transaction. */
const STEP = 500;
/** `pending` and `delivering` are on their way already. */
const UNDELIVERED: readonly DeliveryStatus[] = ['failed', 'exhausted', 'discarded'];

/** One step of a recovery: the deliveries of some events and how far it is are written in one transaction. */
@Injectable()
export class RecoverEvents {
  constructor(
    private readonly recoveries: RecoveriesRepository,
    private readonly events: PastEvents,
    private readonly endpoints: EndpointsRepository,
    private readonly deliveries: DeliveriesRepository,
    private readonly queue: JobQueue,
    private readonly formats: FormatRegistry,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** False when there is nothing left to do under this claim. */
  async step(id: string, organizationId: string, claimToken: string, claimedUntil: number): Promise<boolean> {
    return this.unitOfWork.run(async () => {
      // Endpoints before everything else, as all that plan do.
      await this.endpoints.holdChanges(organizationId);
      const recovery = await this.recoveries.hold(id, claimToken, claimedUntil);
      if (recovery === null) return false;
      const endpoint = await this.endpoints.find(recovery.callback_id);
      if (endpoint === null || !endpoint.enabled) {
        await this.recoveries.end(id, 'failed', this.clock.now());
        return false;
      }
      const events = await this.events.next(organizationId, { since: recovery.since_at, until: recovery.until_at }, seenBy(recovery), STEP);
      const recovered = await this.plan(endpoint, events.filter((event) => this.formats.hasWordsFor(endpoint.format, event.type) && concerns(endpoint, event)), recovery.include_succeeded);
      const last = events.at(-1);
      await this.recoveries.advance(id, {
        done: recovery.done + events.length,
        recovered: recovery.recovered + recovered,
        seen_at: last?.occurredAt ?? recovery.seen_at,
        seen_number: last?.number ?? recovery.seen_number,
      });
      if (recovered > 0) this.unitOfWork.afterCommit(() => this.queue.wake(PUMP_JOB, endpoint.id));
      if (events.length === STEP) return true;
      await this.recoveries.end(id, 'succeeded', this.clock.now());
      return false;
    });
  }

  /** Returns how many deliveries are due now because of this. */
  private async plan(endpoint: EndpointEntity, events: readonly PastEvent[], includeSucceeded: boolean): Promise<number> {
    const first = events[0];
    if (first === undefined) return 0;
    const now = this.clock.now();
    const existing = await this.deliveries.idsByEvent(endpoint.id, first.occurredAt, events.at(-1)!.occurredAt);
    const missing = events.filter((event) => !existing.has(event.id));
    await this.deliveries.insertAll(missing.map((event) => ({
      id: newId('delivery'), organization_id: endpoint.organization_id, callback_id: endpoint.id, event_id: event.id, event: event.type,
      due_at: now, created_at: event.occurredAt,
      ...(endpoint.ordering === 'per_conversation' && { order: { conversationId: event.subject.conversationId } }),
    })));
    const known = events.flatMap((event) => existing.get(event.id) ?? []);
    return missing.length + (await this.deliveries.restartAll(known, includeSucceeded ? [...UNDELIVERED, 'succeeded'] : UNDELIVERED, now));
  }
}

function seenBy({ seen_at, seen_number }: RecoveryEntity): { at: number; number: number } | null {
  return seen_at === null || seen_number === null ? null : { at: seen_at, number: seen_number };
}
