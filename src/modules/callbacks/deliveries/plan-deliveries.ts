import { Injectable } from '@nestjs/common';
import type { DomainEvent } from '../../../kernel/domain-event.js';
import { newId } from '../../../kernel/ids.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { Outbox } from '../../../platform/outbox/outbox.js';
import type { DurableSubscriber } from '../../../platform/outbox/outbox.js';
import { JobQueue } from '../../../platform/queue/job-queue.js';
import { PUMP_JOB } from '../dispatch/pump-job.js';
import type { EndpointEntity } from '../endpoints/endpoint.entity.js';
import { EndpointsRepository } from '../endpoints/endpoints.repository.js';
import { FollowCreators } from '../endpoints/follow-creators.js';
import { FormatRegistry } from '../formats/format-registry.js';
import { concerns } from './concerns.js';
import { DeliveriesRepository } from './deliveries.repository.js';
import type { PlannedDelivery } from './deliveries.repository.js';

interface KnownEndpoints {
  version: string;
  endpoints: EndpointEntity[];
}

/** Plans, in the transaction of the change, one delivery for each endpoint that an event concerns. */
@Injectable()
export class PlanDeliveries implements DurableSubscriber {
  readonly announces = true;
  private readonly known = new Map<string, KnownEndpoints>();

  constructor(
    private readonly endpoints: EndpointsRepository,
    private readonly creators: FollowCreators,
    private readonly deliveries: DeliveriesRepository,
    private readonly formats: FormatRegistry,
    private readonly unitOfWork: UnitOfWork,
    private readonly queue: JobQueue,
    outbox: Outbox,
  ) {
    outbox.subscribe(this);
  }

  async plan(events: readonly DomainEvent[]): Promise<void> {
    // First, so that an event which takes a permission away is planned for by what is left.
    await this.creators.followAgents(events);
    const endpoints = await this.endpointsOf([...new Set(events.map((event) => event.organizationId))]);
    const planned: PlannedDelivery[] = [];
    const delays = new Map<string, number>();
    for (const event of events) {
      for (const endpoint of endpoints.get(event.organizationId) ?? []) {
        if (!this.formats.hasWordsFor(endpoint.format, event.type) || !concerns(endpoint, event)) continue;
        const delayMs = endpoint.schedule_seconds[0]! * 1000;
        planned.push({
          id: newId('delivery'),
          organization_id: event.organizationId,
          callback_id: endpoint.id,
          event_id: event.id,
          event: event.type,
          due_at: event.occurredAt + delayMs,
          created_at: event.occurredAt,
          ...(endpoint.ordering === 'per_conversation' && { order: { conversationId: event.subject.conversationId } }),
        });
        delays.set(endpoint.id, delayMs);
      }
    }
    if (planned.length === 0) return;
    await this.deliveries.insertAll(planned);
    this.unitOfWork.afterCommit(() => {
      for (const [id, delayMs] of delays) {
        if (delayMs === 0) this.queue.wake(PUMP_JOB, id);
        else this.queue.wakeAfter(PUMP_JOB, id, delayMs);
      }
    });
  }

  /** What is cached counts only under the version that this transaction holds a shared lock on. */
  private async endpointsOf(organizationIds: readonly string[]): Promise<Map<string, EndpointEntity[]>> {
    const versions = await this.endpoints.versionsForPlanning(organizationIds);
    const result = new Map<string, EndpointEntity[]>();
    for (const [organizationId, version] of versions) {
      let known = this.known.get(organizationId);
      if (known?.version !== version) {
        known = { version, endpoints: await this.endpoints.allEnabled(organizationId) };
        this.known.set(organizationId, known);
      }
      result.set(organizationId, known.endpoints);
    }
    return result;
  }
}
