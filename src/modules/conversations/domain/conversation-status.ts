import { DomainError } from '../../../kernel/domain-error.js';

export const CONVERSATION_STATUSES = ['queued', 'open', 'pending', 'closed'] as const;
export type ConversationStatus = (typeof CONVERSATION_STATUSES)[number];

export const CONVERSATION_PRIORITIES = ['low', 'normal', 'high', 'urgent'] as const;
export type ConversationPriority = (typeof CONVERSATION_PRIORITIES)[number];

const MOVES: Record<ConversationStatus, readonly ConversationStatus[]> = {
  queued: ['open', 'closed'],
  open: ['pending', 'queued', 'closed'],
  pending: ['open', 'queued', 'closed'],
  closed: ['open', 'queued'],
};

export function allowedMoves(from: ConversationStatus): readonly ConversationStatus[] {
  return MOVES[from];
}

export function assertMove(from: ConversationStatus, to: ConversationStatus): void {
  const allowed = MOVES[from];
  if (allowed.includes(to)) return;
  throw new DomainError('conflict', 'conversation.invalid_transition', `A conversation that is ${from} cannot become ${to}.`, { extra: { allowed } });
}

/** Open and pending conversations count against their agent's capacity. */
export function occupiesAgent(status: ConversationStatus): boolean {
  return status === 'open' || status === 'pending';
}
