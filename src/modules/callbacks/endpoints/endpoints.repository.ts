import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import type { FindOptionsWhere } from 'typeorm';
import { notFound } from '../../../kernel/domain-error.js';
import { ulid } from '../../../kernel/ids.js';
import type { Page } from '../../../kernel/page.js';
import type { Principal } from '../../../kernel/principal.js';
import { keysetPage } from '../../../platform/database/keyset.js';
import type { Sorting } from '../../../platform/database/keyset.js';
import { changeRows, placeholders } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { managedBy } from './endpoint-creator.js';
import type { Creator } from './endpoint-creator.js';
import { CallbackVersionEntity, EndpointEntity } from './endpoint.entity.js';
import type { ListEndpointsDto } from './endpoints.dto.js';

const SORTING: Sorting = { columns: { created_at: 'created_at' }, default: '-created_at', tieBreaker: 'id' };

@Injectable()
export class EndpointsRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  async prepare(organizationId: string): Promise<void> {
    await this.unitOfWork.transaction.insert(CallbackVersionEntity, { organization_id: organizationId, version: ulid() });
  }

  /** Waits for the units that are planning deliveries now, and makes those that come after see what has changed. */
  async beginChange(organizationId: string): Promise<void> {
    await changeRows(this.unitOfWork, 'UPDATE callback_versions SET version = ? WHERE organization_id = ?', [ulid(), organizationId]);
  }

  /** The versions under which deliveries are planned; nobody changes an endpoint until the open unit ends. */
  async versionsForPlanning(organizationIds: readonly string[]): Promise<Map<string, string>> {
    const rows = await this.unitOfWork.query<CallbackVersionEntity>(
      `SELECT organization_id, version FROM callback_versions WHERE organization_id IN (${placeholders(organizationIds.length)})${this.unitOfWork.forShare}`,
      [...organizationIds],
    );
    return new Map(rows.map((row) => [row.organization_id, row.version]));
  }

  /** Nobody changes or deletes an endpoint of the organization until the open unit ends. */
  async holdChanges(organizationId: string): Promise<void> {
    await this.versionsForPlanning([organizationId]);
  }

  async allEnabled(organizationId: string): Promise<EndpointEntity[]> {
    return this.unitOfWork.manager.findBy(EndpointEntity, { organization_id: organizationId, enabled: 1 as unknown as boolean });
  }

  async find(id: string): Promise<EndpointEntity | null> {
    return this.unitOfWork.manager.findOneBy(EndpointEntity, { id });
  }

  /** Those of them that there are, in no order. */
  async findAll(ids: readonly string[]): Promise<EndpointEntity[]> {
    return this.unitOfWork.manager.findBy(EndpointEntity, { id: In([...ids]) });
  }

  async allMadeBy(creator: Partial<Creator>): Promise<EndpointEntity[]> {
    return this.unitOfWork.manager.findBy(EndpointEntity, creator as FindOptionsWhere<EndpointEntity>);
  }

  /** One that the caller may manage. */
  async get(principal: Principal, id: string): Promise<EndpointEntity> {
    const endpoint = await this.unitOfWork.manager.findOneBy(EndpointEntity, { id, ...manageable(principal) });
    if (endpoint === null) throw notFound('callback', id);
    return endpoint;
  }

  async insert(endpoint: EndpointEntity): Promise<void> {
    await this.unitOfWork.transaction.insert(EndpointEntity, endpoint as object);
  }

  async update(id: string, changes: Partial<EndpointEntity>): Promise<void> {
    await this.unitOfWork.transaction.update(EndpointEntity, { id }, changes as object);
  }

  async disableAll(organizationId: string, reason: string, now: number): Promise<void> {
    const changes = { enabled: false, disabled_reason: reason, updated_at: now };
    await this.unitOfWork.transaction.update(EndpointEntity, { organization_id: organizationId, enabled: 1 as unknown as boolean }, changes);
  }

  async delete(id: string): Promise<void> {
    await this.unitOfWork.transaction.delete(EndpointEntity, { id });
  }

  async list(principal: Principal, filter: ListEndpointsDto): Promise<Page<EndpointEntity>> {
    const query = this.unitOfWork.manager.createQueryBuilder(EndpointEntity, 'endpoint').where(manageable(principal));
    if (filter.enabled !== undefined) query.andWhere('endpoint.enabled = :enabled', { enabled: Number(filter.enabled) });
    return keysetPage(query, SORTING, filter);
  }
}

function manageable(principal: Principal): FindOptionsWhere<EndpointEntity> {
  return { organization_id: principal.organizationId, ...(managedBy(principal) as FindOptionsWhere<EndpointEntity>) };
}
