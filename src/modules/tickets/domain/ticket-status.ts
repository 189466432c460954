import { DomainError } from '../../../kernel/domain-error.js';

export const TICKET_STATUSES = ['open', 'processing', 'pending', 'resolved', 'closed'] as const;
export type TicketStatus = (typeof TICKET_STATUSES)[number];

export const TICKET_PRIORITIES = ['low', 'normal', 'high', 'urgent'] as const;
export type TicketPriority = (typeof TICKET_PRIORITIES)[number];

/** Nobody works on these any more: they are not overdue, and stay with the agent who had them last. */
export const ENDED: readonly TicketStatus[] = ['resolved', 'closed'];

const MOVES: Record<TicketStatus, readonly TicketStatus[]> = {
  open: ['processing', 'pending', 'resolved', 'closed'],
  processing: ['pending', 'resolved', 'closed', 'open'],
  pending: ['processing', 'resolved', 'closed', 'open'],
  resolved: ['closed', 'processing'],
  closed: ['processing'],
};

/** To stay is no move, and always allowed. */
export function assertMove(from: TicketStatus, to: TicketStatus): void {
  const allowed = MOVES[from];
  if (from === to || allowed.includes(to)) return;
  throw new DomainError('conflict', 'ticket.invalid_transition', `A ticket that is ${from} cannot become ${to}.`, { extra: { allowed } });
}
