import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { DomainError, excerpt, invalidField, notFound } from '../../../kernel/domain-error.js';
import { domainEvent } from '../../../kernel/domain-event.js';
import type { EventType } from '../../../kernel/domain-event.js';
import type { Principal } from '../../../kernel/principal.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { Outbox } from '../../../platform/outbox/outbox.js';
import { AuditTrail } from '../../audit/audit.contract.js';
import { VisitorAccountsService } from '../visitor-accounts.service.js';
import { HoldingRegistry } from '../visitor-holdings.js';
import { VisitorTerms } from '../visitor-terms.js';
import type { VisitorEntity } from '../visitor.entity.js';
import { VISITOR_WRITABLE } from '../visitors.dto.js';
import type { VisitorView } from '../visitors.dto.js';
import { VisitorsRepository } from '../visitors.repository.js';
import { toVisitorView } from '../visitors.view.js';
import { NOTHING_KNOWN, mergedFields } from './merged-fields.js';

/**
 * Makes one visitor of two. All that belongs to the merged one belongs to the other in the same transaction, and its id
 * finds the other from then on.
 */
@Injectable()
export class MergeVisitors {
  constructor(
    private readonly visitors: VisitorsRepository,
    private readonly terms: VisitorTerms,
    private readonly holdings: HoldingRegistry,
    private readonly accounts: VisitorAccountsService,
    private readonly unitOfWork: UnitOfWork,
    private readonly outbox: Outbox,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
  ) {}

  async merge(principal: Principal, id: string, mergedId: string): Promise<VisitorView> {
    const { organizationId } = principal;
    return this.unitOfWork.run(async () => {
      const { visitor, merged } = await this.lockBoth(organizationId, id, mergedId);
      for (const holding of this.holdings.all) await holding.lock?.(organizationId, merged.id);
      for (const holding of this.holdings.all) await holding.move(organizationId, merged.id, visitor.id);
      // What was moved may have changed it.
      const before = (await this.visitors.findRow(organizationId, visitor.id))!;
      const after: VisitorEntity = { ...before, ...mergedFields(before, merged), updated_at: this.clock.now() };
      const formerIds = await this.retire(before, merged);
      await this.visitors.update(after, changesOf(after));
      this.tell(before, after, merged);
      await this.audit.record({
        organizationId, actor: principal, action: 'visitor.merged', target: { type: 'visitor', id: visitor.id }, details: { merged_visitor_id: merged.id },
      });
      this.unitOfWork.afterCommit(() => formerIds.forEach((former) => this.accounts.forget(former)));
      return toVisitorView(after);
    });
  }

  /** In the order of their ids, so that two merges never wait for each other. Looks again where one was merged meanwhile. */
  private async lockBoth(organizationId: string, id: string, mergedId: string): Promise<{ visitor: VisitorEntity; merged: VisitorEntity }> {
    for (;;) {
      const visitorId = (await this.visitors.find(organizationId, id))?.id;
      if (visitorId === undefined) throw notFound('visitor', id);
      const other = await this.visitors.findRow(organizationId, mergedId);
      if (other === null || (other.erased_at !== null && other.merged_into === null)) throw unknown(mergedId);
      if (other.id === visitorId) throw new DomainError('conflict', 'visitor.merged_into_itself', 'A visitor cannot be merged into itself.');
      if (other.merged_into !== null) throw alreadyMerged(other.merged_into);
      const rows = await this.visitors.lockRows(organizationId, [visitorId, other.id]);
      const [visitor, merged] = [rows.get(visitorId), rows.get(other.id)];
      if (visitor !== undefined && merged !== undefined && isPresent(visitor) && isPresent(merged)) return { visitor, merged };
    }
  }

  /** Leaves of the merged one what finds the other: its id, and its external id where both have one. Returns all ids that do. */
  private async retire(visitor: VisitorEntity, merged: VisitorEntity): Promise<string[]> {
    const externalId = visitor.external_id === null ? null : merged.external_id;
    const formerIds = [merged.id, ...(await this.visitors.redirect(merged.id, visitor.id))];
    await this.visitors.updateRow(merged.id, { ...NOTHING_KNOWN, external_id: externalId, merged_into: visitor.id, online: false, updated_at: this.clock.now() });
    await this.terms.remove(merged.id);
    return formerIds;
  }

  private tell(before: VisitorEntity, after: VisitorEntity, merged: VisitorEntity): void {
    const now = this.clock.now();
    const view = toVisitorView(after);
    const append = (type: EventType, data: Record<string, unknown>): void =>
      this.outbox.append(domainEvent(after.organization_id, type, now, { visitor_id: after.id, ...data, visitor: view }));
    append('visitor.merged', { merged_visitor_id: merged.id, merged_visitor: toVisitorView(merged) });
    const old = toVisitorView(before);
    const changed = VISITOR_WRITABLE.filter((field) => JSON.stringify(old[field]) !== JSON.stringify(view[field]));
    if (changed.length > 0) append('visitor.updated', { changed });
    if (after.online && !before.online) append('visitor.online', {});
  }
}

function changesOf({ id: _id, organization_id: _organization, created_at: _created, ...changes }: VisitorEntity): Partial<VisitorEntity> {
  return changes;
}

function isPresent({ merged_into, erased_at }: VisitorEntity): boolean {
  return merged_into === null && erased_at === null;
}

function unknown(id: string): DomainError {
  return invalidField('visitor_id', 'visitor.not_found', `There is no visitor ${JSON.stringify(excerpt(id))}.`);
}

function alreadyMerged(into: string): DomainError {
  return new DomainError('conflict', 'visitor.already_merged', 'The visitor was merged already.', { extra: { merged_into: into } });
}
