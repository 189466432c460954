import type { DomainEvent } from '../../kernel/domain-event.js';
import type { LockedConversation } from './conversations.contract.js';
import type { ConversationPriority, ConversationStatus } from './domain/conversation-status.js';

/** A step that a conversation has made from agent to agent or department to department. */
export interface HistoricTransfer {
  at: number;
  agentId: string | null;
  department: string | null;
  reason: string | null;
}

/** A conversation as another system has kept it; instants in Unix milliseconds. */
export interface HistoricConversation {
  visitorId: string;
  /** The agent at the end; null for one that nobody has taken. */
  agentId: string | null;
  /** The agent to whom it was given first. */
  firstAgentId: string | null;
  channel: string;
  category: string | null;
  /** Where it is at the end. */
  department: string | null;
  firstDepartment: string | null;
  subject: string | null;
  priority: ConversationPriority;
  skills: string[];
  tags: string[];
  metadata: Record<string, unknown>;
  status: ConversationStatus;
  createdAt: number;
  /** When the first agent got it. */
  assignedAt: number | null;
  firstResponseAt: number | null;
  lastMessageAt: number | null;
  closedAt: number | null;
  /** In their order. */
  transfers: HistoricTransfer[];
  rating: { score: number; comment: string | null; at: number } | null;
  /** How many messages follow, and how many of the visitor's nobody has read. */
  messageCount: number;
  unreadCount: number;
}

export interface AddedConversation {
  conversation: LockedConversation;
  /** What would have been told at the time, in order; the caller appends it, with that of the messages between. */
  events: DomainEvent[];
}

/** Brings in conversations that took place elsewhere. */
export abstract class ConversationHistory {
  /** Needs an open unit, and the routing lock where one of them is not closed. */
  abstract add(organizationId: string, by: string, conversations: readonly HistoricConversation[]): Promise<AddedConversation[]>;
}
