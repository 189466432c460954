import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { DomainError } from '../../kernel/domain-error.js';
import { newId } from '../../kernel/ids.js';
import { isUniqueViolation } from '../../platform/database/unique-violation.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { EventPositionEntity } from '../../platform/outbox/event.entity.js';
import { OrganizationEntity, RoutingLockEntity } from './organization.entity.js';
import { Organizations } from './organizations.contract.js';
import type { NewOrganization, Organization } from './organizations.contract.js';

@Injectable()
export class OrganizationsService extends Organizations {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {
    super();
  }

  async create(input: NewOrganization): Promise<Organization> {
    const now = this.clock.now();
    const organization = { id: newId('organization'), ...input, created_at: now, updated_at: now };
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

  async findBySlug(slug: string): Promise<Organization | null> {
    return this.unitOfWork.manager.findOneBy(OrganizationEntity, { slug });
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

  async lockRouting(id: string): Promise<void> {
    await this.unitOfWork.transaction.query(`SELECT organization_id FROM routing_locks WHERE organization_id = ?${this.unitOfWork.forUpdate}`, [id]);
  }
}
