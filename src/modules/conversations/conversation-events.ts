import type { DomainEvent, EventSubject, EventType } from '../../kernel/domain-event.js';
import { domainEvent } from '../../kernel/domain-event.js';
import type { ConversationEntity } from './conversation.entity.js';
import type { ConversationStatus } from './domain/conversation-status.js';

export interface SubjectSource {
  id: string;
  agentId: string | null;
  department: string | null;
  channel: string;
  status: ConversationStatus;
}

export function conversationSubject({ id, agentId, department, channel, status }: SubjectSource): EventSubject {
  return { conversationId: id, agentId, department, channel, queued: status === 'queued', shared: false };
}

/** Holds enough that a receiver need not call back. */
export function conversationEvent(type: EventType, conversation: ConversationEntity, now: number, data: Record<string, unknown> = {}): DomainEvent {
  return domainEvent(
    conversation.organization_id,
    type,
    now,
    {
      conversation_id: conversation.id,
      visitor_id: conversation.visitor_id,
      agent_id: conversation.agent_id,
      status: conversation.status,
      channel: conversation.channel,
      department: conversation.department,
      category: conversation.category,
      subject: conversation.subject,
      priority: conversation.priority,
      tags: conversation.tags,
      metadata: conversation.metadata,
      off_hours: conversation.off_hours,
      ...data,
    },
    conversationSubject({
      id: conversation.id,
      agentId: conversation.agent_id,
      department: conversation.department,
      channel: conversation.channel,
      status: conversation.status,
    }),
  );
}
