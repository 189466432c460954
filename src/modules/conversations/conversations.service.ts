import { Injectable } from '@nestjs/common';
import type { EventSubject } from '../../kernel/domain-event.js';
import type { Page } from '../../kernel/page.js';
import { mayBeSeen, visibilityOf } from '../../kernel/principal.js';
import type { Principal } from '../../kernel/principal.js';
import { placeholders } from '../../platform/database/rows.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { conversationSubject } from './conversation-events.js';
import type { SubjectSource } from './conversation-events.js';
import type { ConversationEntity } from './conversation.entity.js';
import { Conversations } from './conversations.contract.js';
import type { LockedConversation, MessageCount } from './conversations.contract.js';
import type { ConversationView, ListConversationsDto } from './conversations.dto.js';
import { ConversationsRepository } from './conversations.repository.js';
import { toConversationView } from './conversations.view.js';

@Injectable()
export class ConversationsService extends Conversations {
  constructor(
    private readonly conversations: ConversationsRepository,
    private readonly unitOfWork: UnitOfWork,
  ) {
    super();
  }

  async get(principal: Principal, id: string): Promise<ConversationView> {
    return this.view(await this.conversations.get(principal, id));
  }

  async list(principal: Principal, filter: ListConversationsDto): Promise<Page<ConversationView>> {
    const page = await this.conversations.list(principal, filter);
    const positions = await this.conversations.queuePositions(principal.organizationId, page.data);
    return { ...page, data: page.data.map((conversation) => toConversationView(conversation, positions.get(conversation.id) ?? null)) };
  }

  async view(conversation: ConversationEntity): Promise<ConversationView> {
    return toConversationView(conversation, await this.conversations.queuePosition(conversation));
  }

  async assertVisible(principal: Principal, id: string): Promise<void> {
    await this.conversations.get(principal, id);
  }

  async lock(ids: readonly string[]): Promise<Map<string, LockedConversation>> {
    const rows = await this.unitOfWork.query<ConversationEntity>(
      `SELECT id, organization_id, visitor_id, agent_id, department, channel, status, last_seq, first_response_at
       FROM conversations WHERE id IN (${placeholders(ids.length)}) ORDER BY id${this.unitOfWork.forUpdate}`,
      [...ids],
    );
    return new Map(rows.map((row) => [row.id, toLocked(row)]));
  }

  async countMessages(counts: readonly MessageCount[], now: number): Promise<void> {
    const ids = counts.map((count) => count.conversationId);
    const cases = counts.map(() => 'WHEN ? THEN ?').join(' ');
    await this.unitOfWork.write(
      `UPDATE conversations SET last_seq = CASE id ${cases} END, unread_count = unread_count + CASE id ${cases} END, updated_at = ?
       WHERE id IN (${placeholders(ids.length)})`,
      [
        ...counts.flatMap((count) => [count.conversationId, count.lastSeq]),
        ...counts.flatMap((count) => [count.conversationId, count.unread]),
        now,
        ...ids,
      ],
    );
    for (const { conversationId, firstResponseAt } of counts) {
      if (firstResponseAt === null) continue;
      await this.unitOfWork.write('UPDATE conversations SET first_response_at = ? WHERE id = ? AND first_response_at IS NULL', [firstResponseAt, conversationId]);
    }
  }

  isVisible(principal: Principal, conversation: LockedConversation): boolean {
    if (conversation.organizationId !== principal.organizationId) return false;
    return mayBeSeen(visibilityOf(principal), { ...conversation, queued: conversation.status === 'queued' });
  }

  subjectOf(source: SubjectSource): EventSubject {
    return conversationSubject(source);
  }
}

function toLocked(row: ConversationEntity): LockedConversation {
  return {
    id: row.id,
    organizationId: row.organization_id,
    visitorId: row.visitor_id,
    agentId: row.agent_id,
    department: row.department,
    channel: row.channel,
    status: row.status,
    lastSeq: row.last_seq,
    firstResponseAt: row.first_response_at === null ? null : Number(row.first_response_at),
  };
}
