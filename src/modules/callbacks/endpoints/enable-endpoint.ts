import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import type { Principal } from '../../../kernel/principal.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { JobQueue } from '../../../platform/queue/job-queue.js';
import { AuditTrail, changesBetween } from '../../audit/audit.contract.js';
import { PUMP_JOB } from '../dispatch/pump-job.js';
import { UNTROUBLED } from './endpoint.entity.js';
import { EndpointsRepository } from './endpoints.repository.js';
import { ENDPOINT_WRITABLE } from './endpoints.view.dto.js';
import type { EndpointView } from './endpoints.view.dto.js';
import { EndpointViews } from './endpoints.view.js';
import { FollowCreators, creatorDisabled } from './follow-creators.js';

@Injectable()
export class EnableEndpoint {
  constructor(
    private readonly endpoints: EndpointsRepository,
    private readonly creators: FollowCreators,
    private readonly views: EndpointViews,
    private readonly queue: JobQueue,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
  ) {}

  /** Also ends the suspension of one that is enabled. What waits is sent at once. */
  async enable(principal: Principal, id: string): Promise<EndpointView> {
    return this.unitOfWork.run(async () => {
      await this.endpoints.beginChange(principal.organizationId);
      const before = await this.endpoints.get(principal, id);
      const visibility = await this.creators.visibilityFor(principal.organizationId, before);
      if (visibility === null) throw creatorDisabled();
      const changed = { enabled: true, disabled_reason: null, ...UNTROUBLED, visibility, updated_at: this.clock.now() };
      await this.endpoints.update(id, changed);
      const after = this.views.of({ ...before, ...changed });
      await this.audit.record({
        organizationId: principal.organizationId, actor: principal, action: 'callback.enabled', target: { type: 'callback', id },
        changes: changesBetween(this.views.of(before), after, ENDPOINT_WRITABLE),
      });
      this.unitOfWork.afterCommit(() => this.queue.wake(PUMP_JOB, id));
      return after;
    });
  }
}
