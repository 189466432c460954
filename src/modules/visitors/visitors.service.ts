import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { DomainError, notFound } from '../../kernel/domain-error.js';
import { domainEvent } from '../../kernel/domain-event.js';
import type { EventType } from '../../kernel/domain-event.js';
import { newId } from '../../kernel/ids.js';
import { mapPage } from '../../kernel/page.js';
import type { Page } from '../../kernel/page.js';
import type { Principal } from '../../kernel/principal.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { assertMatch } from '../../platform/http/etag.js';
import { Outbox } from '../../platform/outbox/outbox.js';
import type { VisitorEntity } from './visitor.entity.js';
import { Visitors } from './visitors.contract.js';
import type { VisitorFields } from './visitors.contract.js';
import { VISITOR_WRITABLE } from './visitors.dto.js';
import type { FindVisitorsDto, ListVisitorsDto, VisitorView } from './visitors.dto.js';
import { VisitorsRepository } from './visitors.repository.js';
import { toVisitorView } from './visitors.view.js';

@Injectable()
export class VisitorsService extends Visitors {
  constructor(
    private readonly visitors: VisitorsRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
  ) {
    super();
  }

  async create(principal: Principal, fields: VisitorFields): Promise<VisitorView> {
    return this.unitOfWork.run(async () => toVisitorView(await this.insert(principal, fields)));
  }

  async get(principal: Principal, id: string): Promise<VisitorView> {
    const visitor = await this.visitors.find(principal.organizationId, id);
    if (visitor === null) throw notFound('visitor', id);
    return toVisitorView(visitor);
  }

  async list(principal: Principal, filter: ListVisitorsDto): Promise<Page<VisitorView>> {
    return mapPage(await this.visitors.list(principal.organizationId, filter), toVisitorView);
  }

  async listOnline(principal: Principal, filter: FindVisitorsDto): Promise<Page<VisitorView>> {
    return mapPage(await this.visitors.listOnline(principal.organizationId, filter), toVisitorView);
  }

  async update(principal: Principal, id: string, fields: VisitorFields, ifMatch?: string): Promise<VisitorView> {
    return this.unitOfWork.run(async () => {
      const visitor = await this.visitors.getForUpdate(principal.organizationId, id);
      assertMatch(ifMatch, toVisitorView(visitor), VISITOR_WRITABLE);
      return toVisitorView(await this.change(visitor, fields));
    });
  }

  async hold(organizationId: string, id: string): Promise<string | null> {
    return this.visitors.hold(organizationId, id);
  }

  async idOf(organizationId: string, id: string): Promise<string | null> {
    return (await this.visitors.find(organizationId, id))?.id ?? null;
  }

  /** Two callers may bring the same new visitor at once: the one who comes second finds the first one's row. */
  async upsert(principal: Principal, fields: VisitorFields): Promise<string> {
    return this.unitOfWork.run(async () => {
      const known = await this.findKnown(principal, fields);
      if (known !== null) return (await this.bringUpToDate(known, fields)).id;
      try {
        return (await this.insert(principal, fields)).id;
      } catch (error) {
        const winner = error instanceof DomainError && error.kind === 'conflict' ? await this.findKnown(principal, fields) : null;
        if (winner === null) throw error;
        return (await this.bringUpToDate(winner, fields)).id;
      }
    });
  }

  /** One that was found by the external id of a visitor that was merged into it keeps its own. */
  private bringUpToDate(known: VisitorEntity, { external_id: _, ...fields }: VisitorFields): Promise<VisitorEntity> {
    return this.change(known, fields);
  }

  private async findKnown(principal: Principal, { external_id }: VisitorFields): Promise<VisitorEntity | null> {
    if (external_id === null || external_id === undefined) return null;
    return this.visitors.findByExternalIdForUpdate(principal.organizationId, external_id);
  }

  private async insert(principal: Principal, fields: VisitorFields): Promise<VisitorEntity> {
    const now = this.clock.now();
    const visitor: VisitorEntity = {
      id: newId('visitor'),
      organization_id: principal.organizationId,
      external_id: fields.external_id ?? null,
      name: fields.name ?? null,
      email: fields.email ?? null,
      mobile: fields.mobile ?? null,
      avatar_url: fields.avatar_url ?? null,
      language: fields.language ?? null,
      visitor_type: fields.visitor_type ?? null,
      tags: fields.tags ?? [],
      metadata: fields.metadata ?? {},
      customer_id: fields.customer_id ?? null,
      push_info: fields.push_info ?? null,
      my_data: fields.my_data ?? null,
      online: false,
      last_seen_at: null,
      merged_into: null,
      erased_at: null,
      created_at: now,
      updated_at: now,
    };
    await this.visitors.insert(visitor);
    this.emit('visitor.created', visitor, {});
    return visitor;
  }

  private async change(visitor: VisitorEntity, fields: VisitorFields): Promise<VisitorEntity> {
    const before = toVisitorView(visitor);
    const after: VisitorEntity = { ...visitor, ...fields };
    const changed = VISITOR_WRITABLE.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(toVisitorView(after)[name]));
    if (changed.length === 0) return visitor;
    after.updated_at = this.clock.now();
    if (changed.includes('external_id') && after.external_id !== null) await this.visitors.takeFormerExternalId(visitor, after.external_id);
    await this.visitors.update(after, { ...fields, updated_at: after.updated_at });
    this.emit('visitor.updated', after, { changed });
    return after;
  }

  private emit(type: EventType, visitor: VisitorEntity, data: Record<string, unknown>): void {
    this.outbox.append(
      domainEvent(visitor.organization_id, type, visitor.updated_at, { visitor_id: visitor.id, ...data, visitor: toVisitorView(visitor) }),
    );
  }
}
