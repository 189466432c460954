import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { DomainError, invalidField } from '../../../kernel/domain-error.js';
import { newId } from '../../../kernel/ids.js';
import { mapPage } from '../../../kernel/page.js';
import type { Page } from '../../../kernel/page.js';
import type { Principal } from '../../../kernel/principal.js';
import { Config } from '../../../platform/config/config.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { JobQueue } from '../../../platform/queue/job-queue.js';
import { AuditTrail } from '../../audit/audit.contract.js';
import { EndpointsRepository } from '../endpoints/endpoints.repository.js';
import type { ListRecoveriesDto, RecoverDto, RecoveryView } from './recoveries.dto.js';
import { RecoveriesRepository } from './recoveries.repository.js';
import { toRecoveryView } from './recoveries.view.js';
import { RECOVERY_JOB } from './recovery-job.js';
import type { RecoveryEntity } from './recovery.entity.js';
import { PastEvents } from './past-events.js';

/** Who asks for all that is kept has computed the instant a moment before it arrives here. */
const GRACE_MS = 60_000;

@Injectable()
export class RecoveriesService {
  constructor(
    private readonly recoveries: RecoveriesRepository,
    private readonly endpoints: EndpointsRepository,
    private readonly events: PastEvents,
    private readonly queue: JobQueue,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditTrail,
    private readonly config: Config,
    private readonly clock: Clock,
  ) {}

  async begin(principal: Principal, callbackId: string, input: RecoverDto): Promise<RecoveryView> {
    const { organizationId } = principal;
    await this.endpoints.get(principal, callbackId);
    const range = this.rangeOf(input);
    const total = await this.events.count(organizationId, range);
    return this.unitOfWork.run(async () => {
      await this.endpoints.holdChanges(organizationId);
      const endpoint = await this.endpoints.get(principal, callbackId);
      if (!endpoint.enabled) throw new DomainError('conflict', 'callback.disabled', 'The endpoint is disabled; enable it first.');
      const recovery: RecoveryEntity = {
        id: newId('recovery'), organization_id: organizationId, callback_id: callbackId, running_for: callbackId, status: 'running',
        since_at: range.since, until_at: range.until, include_succeeded: input.include_succeeded ?? false, total, done: 0, recovered: 0,
        seen_at: null, seen_number: null, claim_token: null, claimed_until: null, created_at: this.clock.now(), finished_at: null,
      };
      await this.recoveries.insert(recovery);
      const { since, until, include_succeeded } = toRecoveryView(recovery);
      await this.record(principal, callbackId, 'callback.recovery_started', { recovery_id: recovery.id, since, until, include_succeeded });
      this.unitOfWork.afterCommit(() => this.queue.wake(RECOVERY_JOB, recovery.id));
      return toRecoveryView(recovery);
    });
  }

  async list(principal: Principal, callbackId: string, page: ListRecoveriesDto): Promise<Page<RecoveryView>> {
    await this.endpoints.get(principal, callbackId);
    return mapPage(await this.recoveries.list(principal.organizationId, callbackId, page), toRecoveryView);
  }

  async get(principal: Principal, callbackId: string, id: string): Promise<RecoveryView> {
    await this.endpoints.get(principal, callbackId);
    return toRecoveryView(await this.recoveries.get(principal.organizationId, callbackId, id));
  }

  /** What it has planned stays planned; one that has ended stays as it is. */
  async cancel(principal: Principal, callbackId: string, id: string): Promise<RecoveryView> {
    return this.unitOfWork.run(async () => {
      await this.endpoints.get(principal, callbackId);
      await this.recoveries.get(principal.organizationId, callbackId, id);
      if (await this.recoveries.end(id, 'cancelled', this.clock.now())) await this.record(principal, callbackId, 'callback.recovery_cancelled', { recovery_id: id });
      return toRecoveryView(await this.recoveries.get(principal.organizationId, callbackId, id));
    });
  }

  private async record(principal: Principal, callbackId: string, action: string, details: Record<string, unknown>): Promise<void> {
    await this.audit.record({ organizationId: principal.organizationId, actor: principal, action, target: { type: 'callback', id: callbackId }, details });
  }

  private rangeOf(input: RecoverDto): { since: number; until: number } {
    const now = this.clock.now();
    const since = Date.parse(input.since);
    const until = input.until === undefined ? now : Date.parse(input.until);
    if (since < now - this.config.eventRetentionMs - GRACE_MS) {
      throw invalidField('since', 'recovery.too_old', `Events are kept for ${this.config.values.EVENT_RETENTION_DAYS} days; what is older cannot be recovered.`);
    }
    if (since > now) throw invalidField('since', 'recovery.in_the_future', 'since must not lie in the future');
    if (until < since) throw invalidField('until', 'recovery.ends_before_it_begins', 'until must not lie before since');
    // What happens from now on is planned as always.
    return { since, until: Math.min(until, now) };
  }
}
