import { Injectable } from '@nestjs/common';
import type { DomainEvent } from '../../kernel/domain-event.js';
import { newId } from '../../kernel/ids.js';
import { Conversations } from '../conversations/conversations.contract.js';
import type { LockedConversation } from '../conversations/conversations.contract.js';
import { messageEvent } from './message-events.js';
import { MessageHistory } from './message-history.contract.js';
import type { HistoricMessage, MessagesOfHistory } from './message-history.contract.js';
import type { MessageEntity } from './message.entity.js';
import { MessagesRepository } from './messages.repository.js';
import { ReceiptsRepository } from './receipts/receipts.repository.js';

@Injectable()
export class AddHistoricMessages extends MessageHistory {
  constructor(
    private readonly messages: MessagesRepository,
    private readonly receipts: ReceiptsRepository,
    private readonly conversations: Conversations,
  ) {
    super();
  }

  async add(histories: readonly MessagesOfHistory[]): Promise<DomainEvent[]> {
    const added = histories.flatMap(({ conversation, messages }) => messages.map((message, index) => ({ conversation, entity: toEntity(message, conversation, index + 1) })));
    await this.messages.insertAll(added.map(({ entity }) => entity));
    const read = histories.filter(({ read: { desk, visitor } }) => desk > 0 || visitor > 0);
    await this.receipts.addRead(read.map(({ conversation, read: { desk, visitor } }) => ({ conversationId: conversation.id, desk, visitor })));
    return added.map(({ conversation, entity }) =>
      messageEvent(
        entity.sender_type === 'visitor' ? 'message.received' : 'message.sent',
        entity,
        conversation,
        this.conversations.subjectOf(conversation),
        entity.created_at,
      ),
    );
  }
}

function toEntity(message: HistoricMessage, conversation: LockedConversation, seq: number): MessageEntity {
  return {
    number: 0,
    id: newId('message'),
    organization_id: conversation.organizationId,
    conversation_id: conversation.id,
    seq,
    sender_type: message.sender.type,
    sender_id: message.sender.type === 'visitor' ? conversation.visitorId : message.sender.id,
    type: message.type,
    content: message.content,
    metadata: message.metadata,
    client_msg_no: message.clientMsgNo,
    status: 'sent',
    created_at: message.createdAt,
    edited_at: null,
    deleted_at: null,
  };
}
