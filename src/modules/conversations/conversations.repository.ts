import { Injectable } from '@nestjs/common';
import type { SelectQueryBuilder } from 'typeorm';
import { notFound } from '../../kernel/domain-error.js';
import type { Page } from '../../kernel/page.js';
import { visibilityOf } from '../../kernel/principal.js';
import type { Principal } from '../../kernel/principal.js';
import { keysetPage } from '../../platform/database/keyset.js';
import type { Sorting } from '../../platform/database/keyset.js';
import { placeholders } from '../../platform/database/rows.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { visibleTo } from '../../platform/database/visible-to.js';
import { ConversationEntity } from './conversation.entity.js';
import type { ListConversationsDto } from './conversations.dto.js';

const SORTING: Sorting = {
  columns: { created_at: 'created_at', updated_at: 'updated_at' },
  default: '-created_at',
  tieBreaker: 'id',
};

const COLUMNS = {
  agentId: 'conversation.agent_id', department: 'conversation.department', channel: 'conversation.channel', queued: "conversation.status = 'queued'",
};

/** The order in which the queue is served. */
const QUEUE_RANK = "CASE priority WHEN 'urgent' THEN 0 WHEN 'high' THEN 1 WHEN 'normal' THEN 2 ELSE 3 END";
const BEFORE_IN_QUEUE = `AND (${QUEUE_RANK} < ? OR (${QUEUE_RANK} = ? AND (queued_at < ? OR (queued_at = ? AND id < ?))))`;
const BEHIND_IN_QUEUE = BEFORE_IN_QUEUE.replaceAll('<', '>');

/** What decides who serves a waiting conversation and when. */
export interface WaitingConversation {
  id: string;
  department: string | null;
  skills: string[];
  /** 0 is the most urgent. */
  rank: number;
  queuedAt: number;
}

function placeParameters({ rank, queuedAt, id }: Pick<WaitingConversation, 'rank' | 'queuedAt' | 'id'>): unknown[] {
  return [rank, rank, queuedAt, queuedAt, id];
}

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
    return conversation;
  }

  /** For what happens to a conversation without a caller. */
  async getById(id: string): Promise<ConversationEntity> {
    return this.unitOfWork.manager.findOneByOrFail(ConversationEntity, { id });
  }

  async insert(conversation: ConversationEntity): Promise<void> {
    await this.unitOfWork.transaction.insert(ConversationEntity, conversation as object);
  }

  async update(id: string, changes: Partial<ConversationEntity>): Promise<void> {
    await this.unitOfWork.transaction.update(ConversationEntity, { id }, changes as object);
  }

  async list(principal: Principal, filter: ListConversationsDto): Promise<Page<ConversationEntity>> {
    const query = this.visible(principal);
    for (const field of ['status', 'agent_id', 'visitor_id', 'department', 'channel', 'category', 'priority'] as const) {
      if (filter[field] !== undefined) query.andWhere(`conversation.${field} = :${field}`, { [field]: filter[field] });
    }
    return keysetPage(query, SORTING, filter);
  }

  /** The conversations that wait behind `last` for one of the departments or for none, in the order in which they are served. */
  async queued(organizationId: string, departments: readonly string[], last: WaitingConversation | null, limit: number): Promise<WaitingConversation[]> {
    const behind = last === null ? '' : BEHIND_IN_QUEUE;
    const rows = await this.unitOfWork.query<{ id: string; department: string | null; skills: string; place: number; queued_at: number }>(
      `SELECT id, department, skills, ${QUEUE_RANK} AS place, queued_at FROM conversations
       WHERE organization_id = ? AND status = 'queued' AND (department IS NULL OR department IN (${placeholders(departments.length)})) ${behind}
       ORDER BY place, queued_at, id LIMIT ?`,
      [organizationId, ...departments, ...(last === null ? [] : placeParameters(last)), limit],
    );
    return rows.map(({ id, department, skills, place, queued_at }) => ({
      id, department, skills: JSON.parse(skills) as string[], rank: Number(place), queuedAt: Number(queued_at),
    }));
  }

  async ofAgent(organizationId: string, agentId: string): Promise<ConversationEntity[]> {
    return this.unitOfWork.manager
      .createQueryBuilder(ConversationEntity, 'conversation')
      .where('conversation.organization_id = :organizationId AND conversation.agent_id = :agentId', { organizationId, agentId })
      .andWhere("conversation.status IN ('open', 'pending')")
      .orderBy('conversation.id')
      .getMany();
  }

  /** 1 for the one that is served next. */
  async queuePosition(conversation: ConversationEntity): Promise<number | null> {
    if (conversation.status !== 'queued') return null;
    const rank = { urgent: 0, high: 1, normal: 2, low: 3 }[conversation.priority];
    const [row] = await this.unitOfWork.query<{ before_it: number }>(
      `SELECT COUNT(*) AS before_it FROM conversations WHERE organization_id = ? AND status = 'queued' ${BEFORE_IN_QUEUE}`,
      [conversation.organization_id, ...placeParameters({ id: conversation.id, rank, queuedAt: conversation.queued_at! })],
    );
    return Number(row?.before_it ?? 0) + 1;
  }

  /** The positions of those among the conversations that wait, with one query. */
  async queuePositions(organizationId: string, conversations: readonly ConversationEntity[]): Promise<Map<string, number>> {
    const ids = conversations.filter(({ status }) => status === 'queued').map(({ id }) => id);
    if (ids.length === 0) return new Map();
    const rows = await this.unitOfWork.query<{ id: string; place: number }>(
      `SELECT id, place FROM (
         SELECT id, ROW_NUMBER() OVER (ORDER BY ${QUEUE_RANK}, queued_at, id) AS place FROM conversations WHERE organization_id = ? AND status = 'queued'
       ) waiting WHERE id IN (${placeholders(ids.length)})`,
      [organizationId, ...ids],
    );
    return new Map(rows.map(({ id, place }) => [id, Number(place)]));
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
