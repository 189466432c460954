import { Injectable } from '@nestjs/common';
import type { Page, PageQuery } from '../../kernel/page.js';
import type { Principal } from '../../kernel/principal.js';
import type { ConversationView } from './conversations.dto.js';
import { ConversationsRepository } from './conversations.repository.js';
import { ConversationsService } from './conversations.service.js';
import type { ConversationStatus } from './domain/conversation-status.js';
import { VisitorConversations } from './visitor-conversations.contract.js';

@Injectable()
export class VisitorConversationsService extends VisitorConversations {
  constructor(
    private readonly conversations: ConversationsRepository,
    private readonly service: ConversationsService,
  ) {
    super();
  }

  async listOf(principal: Principal, visitorIds: readonly string[], page: PageQuery & { status?: ConversationStatus }): Promise<Page<ConversationView>> {
    const found = await this.conversations.list(principal, page, (query) => {
      if (visitorIds.length === 0) query.andWhere('1 = 0');
      else query.andWhere('conversation.visitor_id IN (:...visitorIds)', { visitorIds });
    });
    return { ...found, data: await Promise.all(found.data.map((conversation) => this.service.view(conversation))) };
  }
}
