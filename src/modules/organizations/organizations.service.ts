import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { DomainError, notFound } from '../../kernel/domain-error.js';
import { newId } from '../../kernel/ids.js';
import type { Page } from '../../kernel/page.js';
import { Cache } from '../../platform/cache/cache.js';
import { Invalidation } from '../../platform/cache/invalidation.js';
import { keysetPage } from '../../platform/database/keyset.js';
import type { Sorting } from '../../platform/database/keyset.js';
import { changeRows } from '../../platform/database/rows.js';
import { isUniqueViolation } from '../../platform/database/unique-violation.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { EventPositionEntity } from '../../platform/outbox/event.entity.js';
import { organizationClosed } from './organization-access.contract.js';
import { OrganizationEntity, RoutingLockEntity } from './organization.entity.js';
import { Organizations } from './organizations.contract.js';
import type { NewOrganization, Organization, OrganizationFilter } from './organizations.contract.js';

const TOPIC = 'organization';
const CACHE = { max: 10_000, ttlMs: 10_000 };
const SORTING: Sorting = { columns: { created_at: 'created_at', slug: 'slug' }, default: '-created_at', tieBreaker: 'id' };

@Injectable()
export class OrganizationsService extends Organizations {
  private readonly states: Cache<{ open: boolean }>;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly invalidation: Invalidation,
  ) {
    super();
    this.states = new Cache(TOPIC, invalidation, CACHE);
  }

  async create(input: NewOrganization): Promise<Organization> {
    const now = this.clock.now();
    const organization = { id: newId('organization'), ...input, created_at: now, updated_at: now, closed_at: null };
    try {
      await this.unitOfWork.run(async () => {
        await this.unitOfWork.transaction.insert(OrganizationEntity, organization);
        await this.unitOfWork.transaction.insert(RoutingLockEntity, { organization_id: organization.id });
        await this.unitOfWork.transaction.insert(EventPositionEntity, { organization_id: organization.id, last_position: 0 });
      });
    } catch (error) {
      if (!isUniqueViolation(error, 'organizations_slug', 'organizations.slug')) throw error;
      throw new DomainError('conflict', 'organization.slug_taken', `The slug ${JSON.stringify(input.slug)} is taken.`);
    }
    return organization;
  }

  async findOpenBySlug(slug: string): Promise<Organization | null> {
    const organization = await this.unitOfWork.manager.findOneBy(OrganizationEntity, { slug });
    return organization?.closed_at === null ? organization : null;
  }

  async find(id: string): Promise<Organization | null> {
    return this.unitOfWork.manager.findOneBy(OrganizationEntity, { id });
  }

  async findOperator(): Promise<Organization | null> {
    return this.unitOfWork.manager.findOneBy(OrganizationEntity, { operator: 1 as unknown as boolean });
  }

  async isEmpty(): Promise<boolean> {
    return (await this.unitOfWork.manager.count(OrganizationEntity)) === 0;
  }

  async list(filter: OrganizationFilter): Promise<Page<Organization>> {
    const query = this.unitOfWork.manager.createQueryBuilder(OrganizationEntity, 'organization');
    if (filter.slug !== undefined) query.andWhere('organization.slug = :slug', { slug: filter.slug });
    if (filter.closed !== undefined) query.andWhere(`organization.closed_at IS ${filter.closed ? 'NOT ' : ''}NULL`);
    return keysetPage(query, SORTING, filter);
  }

  async get(id: string): Promise<Organization> {
    return found(id, await this.find(id));
  }

  async lock(id: string): Promise<Organization> {
    const query = this.unitOfWork.transaction.createQueryBuilder(OrganizationEntity, 'organization').where({ id });
    if (this.unitOfWork.dialect === 'mysql') query.setLock('pessimistic_write');
    return found(id, await query.getOne());
  }

  async update(id: string, changes: Partial<Pick<Organization, 'name' | 'time_zone' | 'updated_at'>>): Promise<void> {
    await this.unitOfWork.transaction.update(OrganizationEntity, { id }, changes);
  }

  async endRouting(id: string): Promise<boolean> {
    return (await changeRows(this.unitOfWork, 'DELETE FROM routing_locks WHERE organization_id = ?', [id])) > 0;
  }

  async close(id: string, at: number): Promise<void> {
    await this.unitOfWork.transaction.update(OrganizationEntity, { id }, { closed_at: at, updated_at: at });
    this.unitOfWork.afterCommit(() => this.states.forget(id));
  }

  async isOpen(id: string): Promise<boolean> {
    const state = await this.states.get(id, async () => {
      const organization = await this.find(id);
      return organization === null ? null : { open: organization.closed_at === null };
    });
    return state?.open === true;
  }

  isKnownOpen(id: string): boolean {
    return this.states.peek(id)?.open === true;
  }

  onClosed(listener: (id: string) => void): void {
    this.invalidation.onInvalidate((topic, id) => {
      if (topic === TOPIC) listener(id);
    });
  }

  async lockRouting(id: string): Promise<void> {
    const rows = await this.unitOfWork.transaction.query<unknown[]>(`SELECT organization_id FROM routing_locks WHERE organization_id = ?${this.unitOfWork.forUpdate}`, [id]);
    if (rows.length === 0) throw organizationClosed();
  }
}

function found(id: string, organization: Organization | null): Organization {
  if (organization === null) throw notFound('organization', id);
  return organization;
}
