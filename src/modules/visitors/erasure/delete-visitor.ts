import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { DomainError } from '../../../kernel/domain-error.js';
import { domainEvent } from '../../../kernel/domain-event.js';
import { visibilityOf } from '../../../kernel/principal.js';
import type { Principal } from '../../../kernel/principal.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { assertMatch } from '../../../platform/http/etag.js';
import { Outbox } from '../../../platform/outbox/outbox.js';
import { JobQueue } from '../../../platform/queue/job-queue.js';
import { AuditTrail } from '../../audit/audit.contract.js';
import { Organizations } from '../../organizations/organizations.contract.js';
import { NOTHING_KNOWN } from '../merging/merged-fields.js';
import { VisitorAccountsService } from '../visitor-accounts.service.js';
import { HoldingRegistry } from '../visitor-holdings.js';
import { VisitorTerms } from '../visitor-terms.js';
import { VISITOR_WRITABLE } from '../visitors.dto.js';
import { VisitorsRepository } from '../visitors.repository.js';
import { toVisitorView } from '../visitors.view.js';
import { ERASURE_JOB } from './erasure-job.js';
import { VisitorErasureEntity } from './visitor-erasure.entity.js';

/** Lets a visitor be gone at once, and leaves the erasing of what is stored about it to the workers. */
@Injectable()
export class DeleteVisitor {
  constructor(
    private readonly visitors: VisitorsRepository,
    private readonly terms: VisitorTerms,
    private readonly holdings: HoldingRegistry,
    private readonly accounts: VisitorAccountsService,
    private readonly organizations: Organizations,
    private readonly unitOfWork: UnitOfWork,
    private readonly outbox: Outbox,
    private readonly audit: AuditTrail,
    private readonly queue: JobQueue,
    private readonly clock: Clock,
  ) {}

  async delete(principal: Principal, id: string, ifMatch?: string): Promise<void> {
    const { organizationId } = principal;
    await this.unitOfWork.run(async () => {
      // Before all else, as whoever begins a conversation locks: those of the visitor are ended.
      await this.organizations.lockRouting(organizationId);
      const visitor = await this.visitors.getForUpdate(organizationId, id);
      requireAllData(principal);
      assertMatch(ifMatch, toVisitorView(visitor), VISITOR_WRITABLE);
      for (const holding of this.holdings.all) await holding.seal?.(principal, visitor.id);
      const now = this.clock.now();
      const ids = [visitor.id, ...(await this.visitors.formerIdsOf(visitor.id))];
      for (const known of ids) await this.visitors.updateRow(known, { ...NOTHING_KNOWN, online: false, last_seen_at: null, erased_at: now, updated_at: now });
      await this.terms.remove(visitor.id);
      await this.unitOfWork.transaction.insert(VisitorErasureEntity, {
        visitor_id: visitor.id, organization_id: organizationId, running: true, part: null, place: null, erased: {}, created_at: now, finished_at: null,
      } as object);
      this.outbox.append(domainEvent(organizationId, 'visitor.deleted', now, { visitor_id: visitor.id }));
      await this.audit.record({ organizationId, actor: principal, action: 'visitor.deleted', target: { type: 'visitor', id: visitor.id } });
      this.unitOfWork.afterCommit(() => {
        for (const known of ids) this.accounts.forget(known);
        this.queue.wake(ERASURE_JOB, visitor.id);
      });
    });
  }
}

/** It erases conversations that others serve, for good. */
function requireAllData(principal: Principal): void {
  const { kind, within } = visibilityOf(principal);
  if (kind === 'all' && within === undefined) return;
  throw new DomainError('forbidden', 'visitor.deletion_forbidden', 'Only who may see all data of the organization deletes visitors.');
}
