import { Injectable } from '@nestjs/common';
import type { EventSubject } from '../../kernel/domain-event.js';
import type { Page } from '../../kernel/page.js';
import { mayBeSeen, visibilityOf } from '../../kernel/principal.js';
import type { Principal } from '../../kernel/principal.js';
import { placeholders } from '../../platform/database/rows.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { Visitors } from '../visitors/visitors.contract.js';
import { conversationSubject } from './conversation-events.js';
import type { SubjectSource } from './conversation-events.js';
import type { ConversationEntity } from './conversation.entity.js';
import { Conversations } from './conversations.contract.js';
import type { LockedConversation, MessageCount, SeenConversation } from './conversations.contract.js';
import type { ConversationView } from './conversations.dto.js';
import type { ListConversationsDto } from './list-conversations.dto.js';
import { ConversationsRepository } from './conversations.repository.js';
import { toConversationView } from './conversations.view.js';
import { QueuePlaces } from './queue-places.js';
import { SearchConversations } from './search/search-conversations.js';

@Injectable()
export class ConversationsService extends Conversations {
  constructor(
    private readonly conversations: ConversationsRepository,
    private readonly queue: QueuePlaces,
    private readonly searching: SearchConversations,
    private readonly visitors: Visitors,
    private readonly unitOfWork: UnitOfWork,
  ) {
    super();
  }

  async get(principal: Principal, id: string): Promise<ConversationView> {
    return this.view(await this.conversations.get(principal, id));
  }

  async list(principal: Principal, filter: ListConversationsDto): Promise<Page<ConversationView>> {
    const { q, visitor_id } = filter;
    // A visitor that was merged has its conversations under another id.
    const wanted = visitor_id === undefined ? filter : { ...filter, visitor_id: await this.visitors.currentId(principal.organizationId, visitor_id) };
    const page = await (q === undefined ? this.conversations.list(principal, wanted) : this.searching.list(principal, wanted, q));
    const places = await this.queue.places(principal.organizationId, page.data);
    return { ...page, data: page.data.map((conversation) => toConversationView(conversation, places.get(conversation.id) ?? null)) };
  }

  async view(conversation: ConversationEntity): Promise<ConversationView> {
    return toConversationView(conversation, await this.queue.place(conversation));
  }

  async assertVisible(principal: Principal, id: string): Promise<void> {
    await this.conversations.get(principal, id);
  }

  async getVisible(principal: Principal, id: string): Promise<SeenConversation> {
    const { visitor_id, agent_id, department, channel, status } = await this.conversations.get(principal, id);
    return { id, visitorId: visitor_id, agentId: agent_id, department, channel, status };
  }

  async lock(ids: readonly string[]): Promise<Map<string, LockedConversation>> {
    const rows = await this.unitOfWork.query<ConversationEntity>(
      `SELECT id, organization_id, visitor_id, agent_id, department, channel, status, last_seq, first_response_at, accepted_at
       FROM conversations WHERE id IN (${placeholders(ids.length)}) ORDER BY id${this.unitOfWork.forUpdate}`,
      [...ids],
    );
    return new Map(rows.map((row) => [row.id, toLocked(row)]));
  }

  async countMessages(counts: readonly MessageCount[], now: number): Promise<void> {
    const ids = counts.map((count) => count.conversationId);
    const cases = counts.map(() => 'WHEN ? THEN ?').join(' ');
    await this.unitOfWork.write(
      `UPDATE conversations SET last_seq = CASE id ${cases} END, unread_count = unread_count + CASE id ${cases} END, updated_at = ?, last_message_at = ?
       WHERE id IN (${placeholders(ids.length)})`,
      [
        ...counts.flatMap((count) => [count.conversationId, count.lastSeq]),
        ...counts.flatMap((count) => [count.conversationId, count.unread]),
        now,
        now,
        ...ids,
      ],
    );
    for (const { conversationId, firstResponseAt, acceptedAt } of counts) {
      if (acceptedAt !== null) {
        await this.unitOfWork.write(
          'UPDATE conversations SET first_response_at = COALESCE(first_response_at, ?), accepted_at = ?, accept_due_at = NULL, queued_at = NULL WHERE id = ?',
          [firstResponseAt, acceptedAt, conversationId],
        );
      } else if (firstResponseAt !== null) {
        await this.unitOfWork.write('UPDATE conversations SET first_response_at = ? WHERE id = ? AND first_response_at IS NULL', [firstResponseAt, conversationId]);
      }
    }
  }

  async setUnread(id: string, unread: number): Promise<void> {
    await this.unitOfWork.write('UPDATE conversations SET unread_count = ? WHERE id = ?', [unread, id]);
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
    acceptedAt: row.accepted_at === null ? null : Number(row.accepted_at),
  };
}
