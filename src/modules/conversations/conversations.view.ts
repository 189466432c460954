import { toInstant } from '../../kernel/clock.js';
import type { ConversationEntity } from './conversation.entity.js';
import type { ConversationView } from './conversations.dto.js';
import type { QueuePlace } from './queue-places.js';

export function toConversationView(conversation: ConversationEntity, place: QueuePlace | null): ConversationView {
  return {
    id: conversation.id,
    visitor_id: conversation.visitor_id,
    agent_id: conversation.agent_id,
    channel: conversation.channel,
    category: conversation.category,
    department: conversation.department,
    subject: conversation.subject,
    priority: conversation.priority,
    skills: conversation.skills,
    tags: conversation.tags,
    metadata: conversation.metadata,
    status: conversation.status,
    queue_position: place?.position ?? null,
    estimated_wait_seconds: place?.estimatedWaitSeconds ?? null,
    off_hours: conversation.off_hours,
    unread_count: conversation.unread_count,
    message_count: conversation.last_seq,
    created_at: toInstant(conversation.created_at),
    updated_at: toInstant(conversation.updated_at),
    assigned_at: toInstant(conversation.assigned_at),
    accepted_at: toInstant(conversation.accepted_at),
    first_response_at: toInstant(conversation.first_response_at),
    last_message_at: toInstant(conversation.last_message_at),
    transfer_count: conversation.transfer_count,
    closed_at: toInstant(conversation.closed_at),
    closed_by: conversation.closed_by,
    closed_reason: conversation.closed_reason,
    rating: conversation.rating,
    rating_comment: conversation.rating_comment,
    rated_at: toInstant(conversation.rated_at),
  };
}
