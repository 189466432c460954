import { newId } from './ids.js';
import { toUnixSeconds } from './clock.js';

/** Every event that the system can emit; the names of API §6 that exist so far. */
export const EVENT_TYPES = [
  'conversation.created',
  'conversation.assigned',
  'conversation.updated',
  'conversation.closed',
  'conversation.reopened',
  'conversation.transferred',
  'conversation.rated',
  'message.received',
  'message.sent',
  'message.updated',
  'message.deleted',
  'message.delivered',
  'message.read',
  'agent.created',
  'agent.updated',
  'agent.deleted',
  'agent.status_changed',
  'visitor.created',
  'visitor.updated',
  'visitor.online',
  'visitor.offline',
  'visitor.tracked',
  'visitor.merged',
  'visitor.deleted',
  'ticket.created',
  'ticket.updated',
  'ticket.status_changed',
  'ticket.commented',
  'ticket.deleted',
  'customer.created',
  'customer.updated',
  'customer.deleted',
  'order.created',
  'order.updated',
  'order.deleted',
  'callback.disabled',
  'callback.exhausted',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/**
 * Whom an event concerns. It decides who may see the event (data permission) and which endpoints' filters
 * match; it is frozen into the event when the event happens.
 */
export interface EventSubject {
  conversationId: string | null;
  /** The agent that the subject belongs to. */
  agentId: string | null;
  department: string | null;
  channel: string | null;
  /** True while the conversation waits for an agent: all agents of the department may see it. */
  queued: boolean;
  /**
   * True when every member of the organization may see it (an agent's status, for example). With an `agentId` an application
   * that is confined to other agents may not.
   */
  shared: boolean;
}

export const SHARED_SUBJECT: EventSubject = {
  conversationId: null,
  agentId: null,
  department: null,
  channel: null,
  queued: false,
  shared: true,
};

export interface DomainEvent {
  id: string;
  organizationId: string;
  type: EventType;
  occurredAt: number;
  data: Record<string, unknown>;
  subject: EventSubject;
}

export function domainEvent(
  organizationId: string,
  type: EventType,
  occurredAt: number,
  data: Record<string, unknown>,
  subject: EventSubject = SHARED_SUBJECT,
): DomainEvent {
  return { id: newId('event'), organizationId, type, occurredAt, data, subject };
}

/** What leaves the house on callbacks and sockets. `timestamp` is in Unix seconds, as the seed has it. */
export interface EventEnvelope {
  id: string;
  event: string;
  timestamp: number;
  data: Record<string, unknown>;
}

export function toEnvelope(event: Pick<DomainEvent, 'id' | 'type' | 'occurredAt' | 'data'>): EventEnvelope {
  return { id: event.id, event: event.type, timestamp: toUnixSeconds(event.occurredAt), data: event.data };
}
