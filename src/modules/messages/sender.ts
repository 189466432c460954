import { DomainError, invalidField } from '../../kernel/domain-error.js';
import type { Principal } from '../../kernel/principal.js';
import type { LockedConversation } from '../conversations/conversations.contract.js';
import type { NewMessage, SenderType } from './messages.contract.js';

export interface Sender {
  type: SenderType;
  id: string | null;
}

/** Agents and visitors send as themselves; applications name who sends, and a visitor must be the conversation's own. */
export function resolveSender(principal: Principal, named: NewMessage['sender'], conversation: LockedConversation): Sender {
  if (principal.kind === 'agent') {
    if (named !== undefined && (named.type !== 'agent' || (named.id ?? principal.id) !== principal.id)) {
      throw new DomainError('forbidden', 'message.sender_forbidden', 'Agents send as themselves only.');
    }
    return { type: 'agent', id: principal.id };
  }
  if (principal.kind === 'visitor') {
    if (named !== undefined && (named.type !== 'visitor' || (named.id ?? principal.id) !== principal.id)) {
      throw new DomainError('forbidden', 'message.sender_forbidden', 'Visitors send as themselves only.');
    }
    return { type: 'visitor', id: principal.id };
  }
  if (named === undefined) throw invalidField('sender', 'required', 'Applications name the sender.');
  const id = named.id ?? null;
  if (named.type === 'visitor') {
    if (id !== null && id !== conversation.visitorId) {
      throw invalidField('sender.id', 'visitor.not_in_conversation', `The visitor of this conversation is ${conversation.visitorId}.`);
    }
    return { type: 'visitor', id: conversation.visitorId };
  }
  if (named.type === 'agent' && id === null) throw invalidField('sender.id', 'required', 'An agent is named by its id.');
  return { type: named.type, id };
}
