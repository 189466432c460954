import { toInstant } from '../../kernel/clock.js';
import type { CannedReplyView } from './canned-replies.dto.js';
import type { CannedReplyEntity } from './canned-reply.entity.js';

export function toCannedReplyView(reply: CannedReplyEntity): CannedReplyView {
  return {
    id: reply.id,
    scope: reply.scope,
    department: reply.department,
    agent_id: reply.agent_id,
    shortcut: reply.shortcut,
    title: reply.title,
    content: reply.content,
    tags: reply.tags,
    created_at: toInstant(reply.created_at),
    updated_at: toInstant(reply.updated_at),
  };
}
