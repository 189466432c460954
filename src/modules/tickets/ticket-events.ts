import { domainEvent } from '../../kernel/domain-event.js';
import type { DomainEvent, EventSubject, EventType } from '../../kernel/domain-event.js';
import type { Principal } from '../../kernel/principal.js';
import type { TicketEntity } from './ticket.entity.js';
import { toTicketView } from './tickets.view.js';

/** Who changes a ticket. */
export interface Actor {
  id: string;
  /** The application through which it is done. */
  applicationId: string | null;
}

export const SYSTEM: Actor = { id: 'system', applicationId: null };

export function actorOf({ id, application }: Principal): Actor {
  return { id, applicationId: application?.id ?? null };
}

/** A ticket that no agent handles is for all agents of its department to see, as a waiting conversation is. */
export function ticketSubject({ conversation_id, agent_id, department, channel }: TicketEntity): EventSubject {
  return { conversationId: conversation_id, agentId: agent_id, department, channel, queued: agent_id === null, shared: false };
}

/** `origin` is the application that did it: its own endpoints are not told again (ADR 0025). */
export function ticketEvent(type: EventType, ticket: TicketEntity, { applicationId }: Actor, now: number, data: Record<string, unknown> = {}): DomainEvent {
  const { overdue: _, ...view } = toTicketView(ticket, now);
  return domainEvent(ticket.organization_id, type, now, { ...view, origin: applicationId, ...data }, ticketSubject(ticket));
}
