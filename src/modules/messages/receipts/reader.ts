import { DomainError, invalidField } from '../../../kernel/domain-error.js';
import type { Principal } from '../../../kernel/principal.js';
import type { LockedConversation } from '../../conversations/conversations.contract.js';
import type { Receipt } from './message-receipts.contract.js';
import type { ReaderDto } from './receipts.dto.js';

/** Agents and visitors speak for themselves; applications name who received, and a visitor must be the conversation's own. */
export function resolveReader(principal: Principal, named: ReaderDto | undefined, conversation: LockedConversation): Receipt['reader'] {
  if (principal.kind === 'agent') {
    if (named !== undefined && (named.type !== 'agent' || (named.id ?? principal.id) !== principal.id)) {
      throw new DomainError('forbidden', 'message.reader_forbidden', 'Agents tell of what they themselves have received.');
    }
    return { type: 'agent', id: principal.id };
  }
  if (principal.kind === 'visitor') {
    if (named !== undefined && (named.type !== 'visitor' || (named.id ?? principal.id) !== principal.id)) {
      throw new DomainError('forbidden', 'message.reader_forbidden', 'Visitors tell of what they themselves have received.');
    }
    return { type: 'visitor', id: principal.id };
  }
  const { type, id = null } = named ?? { type: 'agent' as const };
  if (type === 'agent') return { type, id: id ?? conversation.agentId };
  if (id !== null && id !== conversation.visitorId) {
    throw invalidField('reader.id', 'visitor.not_in_conversation', `The visitor of this conversation is ${conversation.visitorId}.`);
  }
  return { type, id: conversation.visitorId };
}
