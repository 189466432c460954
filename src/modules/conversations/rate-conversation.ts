import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { DomainError } from '../../kernel/domain-error.js';
import type { Principal } from '../../kernel/principal.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { Outbox } from '../../platform/outbox/outbox.js';
import type { RateConversationDto } from './assignments.dto.js';
import { conversationEvent } from './conversation-events.js';
import type { ConversationEntity } from './conversation.entity.js';
import { ConversationsRepository } from './conversations.repository.js';

/** The visitor's word on a conversation, at any time; a later one replaces it. */
@Injectable()
export class RateConversation {
  constructor(
    private readonly conversations: ConversationsRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
  ) {}

  async rate(principal: Principal, id: string, { score, comment = null }: RateConversationDto): Promise<ConversationEntity> {
    return this.unitOfWork.run(async () => {
      const before = await this.conversations.getForUpdate(principal, id);
      if (before.agent_id === principal.id) throw new DomainError('forbidden', 'conversation.rating_own', 'Agents do not rate the conversations that they serve.');
      if (before.rating === score && before.rating_comment === comment) return before;
      const now = this.clock.now();
      const changes = { rating: score, rating_comment: comment, rated_at: now, updated_at: now };
      await this.conversations.update(id, changes);
      const after: ConversationEntity = { ...before, ...changes };
      this.outbox.append(conversationEvent('conversation.rated', after, now, { rating: score, comment, previous_rating: before.rating }));
      return after;
    });
  }
}
