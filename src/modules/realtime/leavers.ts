import { toEnvelope } from '../../kernel/domain-event.js';
import type { DomainEvent, EventEnvelope, EventSubject } from '../../kernel/domain-event.js';

/** What those are told of a change who could see the conversation before it. */
const SHOWN = ['conversation_id', 'agent_id', 'department', 'status', 'previous_agent_id', 'previous_department', 'previous_status'];

/**
 * For those from whose sight a change takes a conversation: whose it was before, and what tells them that it is gone. Null where
 * nobody loses sight of it.
 */
export function toLeavers(event: DomainEvent): { before: EventSubject; envelope: EventEnvelope } | null {
  const { type, subject, data } = event;
  if (!type.startsWith('conversation.') || data['previous_status'] === undefined) return null;
  const before: EventSubject = {
    ...subject,
    agentId: data['previous_agent_id'] as string | null,
    department: 'previous_department' in data ? (data['previous_department'] as string | null) : subject.department,
    queued: data['previous_status'] === 'queued',
  };
  if (before.agentId === subject.agentId && before.department === subject.department && before.queued === subject.queued) return null;
  const shown = Object.fromEntries(SHOWN.filter((member) => member in data).map((member) => [member, data[member]]));
  return { before, envelope: { ...toEnvelope(event), data: shown } };
}
