import { Injectable } from '@nestjs/common';
import type { SelectQueryBuilder } from 'typeorm';
import { DomainError, notFound } from '../../kernel/domain-error.js';
import type { Page } from '../../kernel/page.js';
import type { Principal } from '../../kernel/principal.js';
import { listHolds } from '../../platform/database/json-list.js';
import { keysetPage } from '../../platform/database/keyset.js';
import type { Sorting } from '../../platform/database/keyset.js';
import { isUniqueViolation } from '../../platform/database/unique-violation.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { normalised } from '../../platform/search/terms.js';
import type { ListCannedRepliesDto } from './canned-replies.dto.js';
import { CannedReplyEntity } from './canned-reply.entity.js';
import { confinementOf, seesAll } from './domain/reply-scope.js';

const SORTING: Sorting = { columns: { created_at: 'created_at', updated_at: 'updated_at', shortcut: 'shortcut' }, default: '-created_at', tieBreaker: 'id' };

@Injectable()
export class CannedRepliesRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  async get(principal: Principal, id: string, lock = false): Promise<CannedReplyEntity> {
    const query = this.visible(principal).andWhere('reply.id = :id', { id });
    if (lock && this.unitOfWork.dialect === 'mysql') query.setLock('pessimistic_write');
    const reply = await query.getOne();
    if (reply === null) throw notFound('canned_reply', id);
    return reply;
  }

  async list(principal: Principal, filter: ListCannedRepliesDto): Promise<Page<CannedReplyEntity>> {
    const query = this.visible(principal);
    for (const field of ['scope', 'department', 'agent_id', 'shortcut'] as const) {
      if (filter[field] !== undefined) query.andWhere(`reply.${field} = :${field}`, { [field]: filter[field] });
    }
    if (filter.tag !== undefined) query.andWhere(listHolds(this.unitOfWork.dialect, 'reply.tags', 'tag'), { tag: filter.tag });
    if (filter.q !== undefined) {
      query.andWhere("reply.search_text LIKE :contains ESCAPE '!'", { contains: `%${normalised(filter.q).replaceAll(/[!%_]/g, '!$&')}%` });
    }
    return keysetPage(query, SORTING, filter);
  }

  async insert(reply: CannedReplyEntity): Promise<void> {
    await this.refuseTakenShortcut(reply.shortcut, () => this.unitOfWork.transaction.insert(CannedReplyEntity, reply as object));
  }

  async update(reply: CannedReplyEntity): Promise<void> {
    await this.refuseTakenShortcut(reply.shortcut, () => this.unitOfWork.transaction.update(CannedReplyEntity, { id: reply.id }, reply as object));
  }

  async delete(id: string): Promise<void> {
    await this.unitOfWork.transaction.delete(CannedReplyEntity, { id });
  }

  /** The condition that says the same as `maySee`. */
  private visible(principal: Principal): SelectQueryBuilder<CannedReplyEntity> {
    const { departments, agentIds } = confinementOf(principal);
    const own = seesAll(principal) ? { department: '1 = 1', agent: '1 = 1' } : { department: 'reply.department = :ownDepartment', agent: 'reply.agent_id = :self' };
    const withinDepartments = departments.length === 0 ? '1 = 1' : 'reply.department IN (:...departments)';
    const withinAgents = agentIds.length > 0 ? 'reply.agent_id IN (:...agentIds)' : departments.length === 0 ? '1 = 1' : '1 = 0';
    return this.unitOfWork.manager
      .createQueryBuilder(CannedReplyEntity, 'reply')
      .where('reply.organization_id = :organizationId', { organizationId: principal.organizationId })
      .andWhere(
        `(reply.scope = 'organization'
          OR (reply.scope = 'department' AND ${own.department} AND ${withinDepartments})
          OR (reply.scope = 'agent' AND ${own.agent} AND ${withinAgents}))`,
        { ownDepartment: principal.agent?.department ?? null, self: principal.id, departments, agentIds },
      );
  }

  private async refuseTakenShortcut<T>(shortcut: string, write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      if (!isUniqueViolation(error, 'canned_replies_shortcut', 'canned_replies.organization_id, canned_replies.owner, canned_replies.shortcut')) throw error;
      throw new DomainError('conflict', 'canned_reply.shortcut_taken', `The shortcut ${JSON.stringify(shortcut)} is taken.`);
    }
  }
}
