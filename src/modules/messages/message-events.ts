import { domainEvent } from '../../kernel/domain-event.js';
import type { DomainEvent, EventSubject, EventType } from '../../kernel/domain-event.js';
import type { LockedConversation } from '../conversations/conversations.contract.js';
import type { MessageEntity } from './message.entity.js';
import { toMessageView } from './messages.view.js';

export function messageEvent(
  type: EventType,
  message: MessageEntity,
  conversation: LockedConversation,
  subject: EventSubject,
  now: number,
): DomainEvent {
  const { id, ...view } = toMessageView(message);
  return domainEvent(
    message.organization_id,
    type,
    now,
    { message_id: id, ...view, visitor_id: conversation.visitorId, agent_id: conversation.agentId },
    subject,
  );
}
