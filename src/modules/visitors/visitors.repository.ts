import { Injectable } from '@nestjs/common';
import type { SelectQueryBuilder } from 'typeorm';
import { DomainError, notFound } from '../../kernel/domain-error.js';
import type { Page } from '../../kernel/page.js';
import { keysetPage } from '../../platform/database/keyset.js';
import type { Sorting } from '../../platform/database/keyset.js';
import { changeRows } from '../../platform/database/rows.js';
import { isUniqueViolation } from '../../platform/database/unique-violation.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { VisitorEntity } from './visitor.entity.js';
import { VisitorTerms } from './visitor-terms.js';
import type { FindVisitorsDto, ListVisitorsDto } from './visitors.dto.js';

/** A merged visitor's external id finds the one that answers for it. */
const BY_EXTERNAL_ID =
  'SELECT COALESCE(named.merged_into, named.id) FROM visitors named WHERE named.organization_id = :organizationId AND named.external_id = :externalId';
/** Fields that terms are made of. */
const FOUND_BY = ['name', 'email', 'mobile', 'external_id', 'tags'] as const;

const SORTING: Sorting = { columns: { created_at: 'created_at' }, default: '-created_at', tieBreaker: 'id' };

/** What a list finds by its exact value. */
const FILTERS = ['email', 'mobile', 'name', 'customer_id', 'visitor_type', 'online'] as const;

@Injectable()
export class VisitorsRepository {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly terms: VisitorTerms,
  ) {}

  /** A merged visitor's id finds the one that answers for it. */
  async find(organizationId: string, id: string): Promise<VisitorEntity | null> {
    const visitor = await this.findRow(organizationId, id);
    const present = visitor?.merged_into == null ? visitor : await this.findRow(organizationId, visitor.merged_into);
    return present?.erased_at === null ? present : null;
  }

  /** As `find`, for what is known by its id alone. */
  async findById(id: string): Promise<VisitorEntity | null> {
    const row = await this.unitOfWork.manager.findOneBy(VisitorEntity, { id });
    return row === null ? null : this.find(row.organization_id, id);
  }

  /** As it is in its table, merged or deleted. */
  async findRow(organizationId: string, id: string): Promise<VisitorEntity | null> {
    return this.unitOfWork.manager.findOneBy(VisitorEntity, { organization_id: organizationId, id });
  }

  async findForUpdate(organizationId: string, id: string): Promise<VisitorEntity | null> {
    return this.lockPresent(organizationId, id, (known) => this.lock({ organization_id: organizationId, id: known }));
  }

  async getForUpdate(organizationId: string, id: string): Promise<VisitorEntity> {
    const visitor = await this.findForUpdate(organizationId, id);
    if (visitor === null) throw notFound('visitor', id);
    return visitor;
  }

  /** Who answers for the id; neither merged nor deleted until the open unit ends. */
  async hold(organizationId: string, id: string): Promise<string | null> {
    const sql = `SELECT id, merged_into, erased_at FROM visitors WHERE organization_id = ? AND id = ?${this.unitOfWork.forShare}`;
    const held = await this.lockPresent(organizationId, id, async (known) => (await this.unitOfWork.query<VisitorEntity>(sql, [organizationId, known]))[0] ?? null);
    return held?.id ?? null;
  }

  async findByExternalIdForUpdate(organizationId: string, externalId: string): Promise<VisitorEntity | null> {
    const visitor = await this.lock({ organization_id: organizationId, external_id: externalId });
    return visitor?.merged_into == null ? visitor : this.getForUpdate(organizationId, visitor.merged_into);
  }

  async insert(visitor: VisitorEntity): Promise<void> {
    await this.refuseTakenId(visitor.external_id, () => this.unitOfWork.transaction.insert(VisitorEntity, visitor as object));
    await this.terms.add(visitor);
  }

  /**
   * One that a visitor brought with it when it was merged into this one: the two exchange theirs, and both go on finding it.
   * The row must be locked, and is to be updated then.
   */
  async takeFormerExternalId({ id, organization_id, external_id }: VisitorEntity, wanted: string): Promise<void> {
    const [former] = await this.unitOfWork.query<{ id: string }>(
      'SELECT id FROM visitors WHERE organization_id = ? AND external_id = ? AND merged_into = ?',
      [organization_id, wanted, id],
    );
    if (former === undefined) return;
    await this.updateRow(id, { external_id: null });
    await this.updateRow(former.id, { external_id });
  }

  async update(visitor: VisitorEntity, changes: Partial<VisitorEntity>): Promise<void> {
    await this.refuseTakenId(visitor.external_id, () => this.unitOfWork.transaction.update(VisitorEntity, { id: visitor.id }, changes as object));
    if (FOUND_BY.some((field) => field in changes)) await this.terms.replace(visitor);
  }

  /** Rows as they are, merged or deleted, locked in the order of their ids. */
  async lockRows(organizationId: string, ids: readonly string[]): Promise<Map<string, VisitorEntity>> {
    const rows = new Map<string, VisitorEntity>();
    for (const id of ids.toSorted()) {
      const row = await this.lock({ organization_id: organizationId, id });
      if (row !== null) rows.set(id, row);
    }
    return rows;
  }

  /** Changes a row that is no longer found: it has no terms. */
  async updateRow(id: string, changes: Partial<VisitorEntity>): Promise<void> {
    await this.unitOfWork.transaction.update(VisitorEntity, { id }, changes as object);
  }

  /** Lets those that were merged into one find another; returns their ids. */
  async redirect(fromId: string, toId: string): Promise<string[]> {
    const ids = await this.formerIdsOf(fromId);
    await changeRows(this.unitOfWork, 'UPDATE visitors SET merged_into = ? WHERE merged_into = ?', [toId, fromId]);
    return ids;
  }

  /** The ids of those that were merged into one. */
  async formerIdsOf(id: string): Promise<string[]> {
    const rows = await this.unitOfWork.query<{ id: string }>('SELECT id FROM visitors WHERE merged_into = ?', [id]);
    return rows.map((row) => row.id);
  }

  async list(organizationId: string, filter: ListVisitorsDto): Promise<Page<VisitorEntity>> {
    return keysetPage(this.matching('visitor', organizationId, filter), SORTING, filter);
  }

  /** A list of its own: a cursor of the other one is none of this. */
  async listOnline(organizationId: string, filter: FindVisitorsDto): Promise<Page<VisitorEntity>> {
    return keysetPage(this.matching('online', organizationId, { ...filter, online: true }), SORTING, filter);
  }

  private matching(alias: string, organizationId: string, filter: ListVisitorsDto): SelectQueryBuilder<VisitorEntity> {
    const query = this.unitOfWork.manager
      .createQueryBuilder(VisitorEntity, alias)
      .where(`${alias}.organization_id = :organizationId AND ${alias}.merged_into IS NULL AND ${alias}.erased_at IS NULL`, { organizationId });
    for (const field of FILTERS) {
      if (filter[field] !== undefined) query.andWhere(`${alias}.${field} = :${field}`, { [field]: typeof filter[field] === 'boolean' ? Number(filter[field]) : filter[field] });
    }
    if (filter.external_id !== undefined) query.andWhere(`${alias}.id IN (${BY_EXTERNAL_ID})`, { externalId: filter.external_id });
    if (filter.since !== undefined) query.andWhere(`${alias}.created_at >= :since`, { since: filter.since });
    if (filter.until !== undefined) query.andWhere(`${alias}.created_at < :until`, { until: filter.until });
    if (filter.tag !== undefined) this.terms.whereTagged(query, filter.tag);
    if (filter.q !== undefined) this.terms.whereFound(query, filter.q);
    return query;
  }

  /** Looks again where the visitor was merged before its row could be locked. */
  private async lockPresent<T extends Pick<VisitorEntity, 'merged_into' | 'erased_at'>>(
    organizationId: string,
    id: string,
    lock: (id: string) => Promise<T | null>,
  ): Promise<T | null> {
    for (let known = await this.find(organizationId, id); known !== null; known = await this.find(organizationId, id)) {
      const locked = await lock(known.id);
      if (locked?.merged_into === null) return locked.erased_at === null ? locked : null;
    }
    return null;
  }

  private async lock(where: Partial<VisitorEntity>): Promise<VisitorEntity | null> {
    const query = this.unitOfWork.transaction.createQueryBuilder(VisitorEntity, 'visitor').where(where);
    if (this.unitOfWork.dialect === 'mysql') query.setLock('pessimistic_write');
    return query.getOne();
  }

  private async refuseTakenId<T>(externalId: string | null, write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      if (!isUniqueViolation(error, 'visitors_external_id', 'visitors.organization_id, visitors.external_id')) throw error;
      throw new DomainError('conflict', 'visitor.external_id_taken', `There is a visitor with external_id ${JSON.stringify(externalId)} already.`);
    }
  }
}
