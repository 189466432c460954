import type { DomainEvent, EventEnvelope } from '../../kernel/domain-event.js';
import { toEnvelope } from '../../kernel/domain-event.js';
import type { MessageView } from '../messages/messages.contract.js';

const OF_MESSAGES = ['conversation_id', 'sender', 'type', 'content', 'client_msg_no', 'seq', 'status', 'created_at', 'edited_at', 'deleted_at'] as const;
const OF_MESSAGE_EVENTS = ['message_id', 'visitor_id', ...OF_MESSAGES] as const;
const OF_RECEIPTS = ['conversation_id', 'visitor_id', 'reader', 'up_to_seq'] as const;
const OF_CONVERSATIONS = ['conversation_id', 'visitor_id', 'agent_id', 'status', 'channel', 'subject'] as const;

/** What a visitor is told of its conversations: these events, and of each these members. All else is the desk's own. */
const SHOWN: Partial<Record<string, readonly string[]>> = {
  'conversation.created': OF_CONVERSATIONS,
  'conversation.assigned': OF_CONVERSATIONS,
  'conversation.transferred': OF_CONVERSATIONS,
  'conversation.updated': OF_CONVERSATIONS,
  'conversation.closed': OF_CONVERSATIONS,
  'conversation.reopened': OF_CONVERSATIONS,
  'conversation.rated': [...OF_CONVERSATIONS, 'rating'],
  'message.received': OF_MESSAGE_EVENTS,
  'message.sent': OF_MESSAGE_EVENTS,
  'message.updated': OF_MESSAGE_EVENTS,
  'message.deleted': OF_MESSAGE_EVENTS,
  'message.delivered': OF_RECEIPTS,
  'message.read': OF_RECEIPTS,
};

/** An event as its visitor is told of it; null where it is not. */
export function toVisitorEnvelope(event: DomainEvent): { visitorId: string; envelope: EventEnvelope } | null {
  const { type, data } = event;
  const shown = SHOWN[type];
  const visitorId = data['visitor_id'];
  if (shown === undefined || typeof visitorId !== 'string') return null;
  if (type === 'conversation.updated' && !(data['changed'] as string[]).some((field) => shown.includes(field))) return null;
  return { visitorId, envelope: { ...toEnvelope(event), data: only(data, shown) } };
}

/** A message as its visitor sees it. */
export function toVisitorMessage(message: MessageView): Partial<MessageView> {
  return only(message as unknown as Record<string, unknown>, ['id', ...OF_MESSAGES]);
}

function only(data: Record<string, unknown>, members: readonly string[]): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const member of members) if (member in data) kept[member] = data[member];
  return kept;
}
