import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { DomainError } from '../../../kernel/domain-error.js';
import { mapPage } from '../../../kernel/page.js';
import type { Page } from '../../../kernel/page.js';
import type { Principal } from '../../../kernel/principal.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { JobQueue } from '../../../platform/queue/job-queue.js';
import { AuditTrail } from '../../audit/audit.contract.js';
import { PUMP_JOB } from '../dispatch/pump-job.js';
import { EndpointsRepository } from '../endpoints/endpoints.repository.js';
import type { DeliveryDetailView, DeliveryView, ListDeliveriesDto } from './deliveries.dto.js';
import { DeliveriesRepository } from './deliveries.repository.js';
import { toAttemptView, toDeliveryView } from './deliveries.view.js';

@Injectable()
export class DeliveriesService {
  constructor(
    private readonly deliveries: DeliveriesRepository,
    private readonly endpoints: EndpointsRepository,
    private readonly queue: JobQueue,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
  ) {}

  async list(principal: Principal, callbackId: string, filter: ListDeliveriesDto): Promise<Page<DeliveryView>> {
    await this.endpoints.get(principal, callbackId);
    return mapPage(await this.deliveries.list(callbackId, filter), toDeliveryView);
  }

  async get(principal: Principal, callbackId: string, id: string): Promise<DeliveryDetailView> {
    await this.endpoints.get(principal, callbackId);
    const delivery = await this.deliveries.get(principal.organizationId, callbackId, id);
    return { ...toDeliveryView(delivery), attempts: (await this.deliveries.attempts(id)).map(toAttemptView) };
  }

  /** Sends it again now, also when it had succeeded: the receiver knows it by its `webhook-id`. */
  async retry(principal: Principal, callbackId: string, id: string): Promise<DeliveryView> {
    return this.unitOfWork.run(async () => {
      await this.endpoints.holdChanges(principal.organizationId);
      const endpoint = await this.endpoints.get(principal, callbackId);
      await this.deliveries.get(principal.organizationId, callbackId, id);
      if (!endpoint.enabled) throw new DomainError('conflict', 'callback.disabled', 'The endpoint is disabled; enable it first.');
      if (!(await this.deliveries.restart(id, this.clock.now()))) {
        throw new DomainError('conflict', 'delivery.in_progress', 'The delivery is being sent right now.');
      }
      await this.audit.record({
        organizationId: principal.organizationId, actor: principal, action: 'callback.delivery_retried', target: { type: 'callback', id: callbackId },
        details: { delivery_id: id },
      });
      this.unitOfWork.afterCommit(() => this.queue.wake(PUMP_JOB, callbackId));
      return toDeliveryView(await this.deliveries.get(principal.organizationId, callbackId, id));
    });
  }
}
