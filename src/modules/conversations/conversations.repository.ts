import { Injectable } from '@nestjs/common';
import type { SelectQueryBuilder } from 'typeorm';
import { DomainError, notFound } from '../../kernel/domain-error.js';
import type { Page } from '../../kernel/page.js';
import { visibilityOf } from '../../kernel/principal.js';
import type { Principal } from '../../kernel/principal.js';
import { listHolds } from '../../platform/database/json-list.js';
import { keysetPage } from '../../platform/database/keyset.js';
import type { Sorting } from '../../platform/database/keyset.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { visibleTo } from '../../platform/database/visible-to.js';
import { ConversationEntity } from './conversation.entity.js';
import type { ListConversationsDto } from './list-conversations.dto.js';

const SORTING: Sorting = {
  columns: { created_at: 'created_at', updated_at: 'updated_at' },
  default: '-created_at',
  tieBreaker: 'id',
};

const COLUMNS = {
  agentId: 'conversation.agent_id', department: 'conversation.department', channel: 'conversation.channel', queued: "conversation.status = 'queued'",
  visitorId: 'conversation.visitor_id',
};

@Injectable()
export class ConversationsRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  async get(principal: Principal, id: string): Promise<ConversationEntity> {
    const conversation = await this.visible(principal).andWhere('conversation.id = :id', { id }).getOne();
    if (conversation === null) throw notFound('conversation', id);
    return conversation;
  }

  async getForUpdate(principal: Principal, id: string): Promise<ConversationEntity> {
    const query = this.visible(principal).andWhere('conversation.id = :id', { id });
    if (this.unitOfWork.dialect === 'mysql') query.setLock('pessimistic_write');
    const conversation = await query.getOne();
    if (conversation === null) throw notFound('conversation', id);
    if (conversation.erased_at !== null) throw new DomainError('conflict', 'conversation.erased', 'The data of this conversation was erased with its visitor.');
    return conversation;
  }

  /** For what happens to a conversation without a caller. */
  async getById(id: string): Promise<ConversationEntity> {
    return this.unitOfWork.manager.findOneByOrFail(ConversationEntity, { id });
  }

  async getByIdForUpdate(id: string): Promise<ConversationEntity> {
    const query = this.unitOfWork.transaction.createQueryBuilder(ConversationEntity, 'conversation').where('conversation.id = :id', { id });
    if (this.unitOfWork.dialect === 'mysql') query.setLock('pessimistic_write');
    return query.getOneOrFail();
  }

  async insert(conversation: ConversationEntity): Promise<void> {
    await this.unitOfWork.transaction.insert(ConversationEntity, conversation as object);
  }

  async update(id: string, changes: Partial<ConversationEntity>): Promise<void> {
    await this.unitOfWork.transaction.update(ConversationEntity, { id }, changes as object);
  }

  /** `narrow` may add conditions of its own. */
  async list(principal: Principal, filter: ListConversationsDto, narrow: (query: SelectQueryBuilder<ConversationEntity>) => void = () => undefined): Promise<Page<ConversationEntity>> {
    const query = this.matching(principal, filter);
    narrow(query);
    return keysetPage(query, SORTING, filter);
  }

  matching(principal: Principal, filter: ListConversationsDto): SelectQueryBuilder<ConversationEntity> {
    const query = this.visible(principal);
    for (const field of ['status', 'agent_id', 'visitor_id', 'department', 'channel', 'category', 'priority', 'rating', 'closed_reason'] as const) {
      if (filter[field] !== undefined) query.andWhere(`conversation.${field} = :${field}`, { [field]: filter[field] });
    }
    for (const column of ['created', 'closed'] as const) {
      const [since, until] = [filter[`${column}_since`], filter[`${column}_until`]];
      if (since !== undefined) query.andWhere(`conversation.${column}_at >= :${column}Since`, { [`${column}Since`]: since });
      if (until !== undefined) query.andWhere(`conversation.${column}_at < :${column}Until`, { [`${column}Until`]: until });
    }
    if (filter.off_hours !== undefined) query.andWhere('conversation.off_hours = :offHours', { offHours: Number(filter.off_hours) });
    if (filter.tag !== undefined) query.andWhere(listHolds(this.unitOfWork.dialect, 'conversation.tags', 'tag'), { tag: filter.tag });
    return query;
  }

  /** What an agent serves, in the order in which the message path locks. */
  async ofAgentForUpdate(organizationId: string, agentId: string): Promise<ConversationEntity[]> {
    const query = this.unitOfWork.transaction
      .createQueryBuilder(ConversationEntity, 'conversation')
      .where('conversation.organization_id = :organizationId AND conversation.agent_id = :agentId', { organizationId, agentId })
      .andWhere("conversation.status IN ('open', 'pending')")
      .orderBy('conversation.id');
    if (this.unitOfWork.dialect === 'mysql') query.setLock('pessimistic_write');
    return query.getMany();
  }

  /** Confined to the organization and to what the caller may see in it. */
  private visible(principal: Principal): SelectQueryBuilder<ConversationEntity> {
    const query = this.unitOfWork.manager
      .createQueryBuilder(ConversationEntity, 'conversation')
      .where('conversation.organization_id = :organizationId', { organizationId: principal.organizationId });
    const condition = visibleTo(visibilityOf(principal), COLUMNS);
    if (condition !== null) query.andWhere(condition.sql, condition.parameters);
    return query;
  }
}
