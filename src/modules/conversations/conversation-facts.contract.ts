import type { Principal } from '../../kernel/principal.js';
import type { ConversationPriority, ConversationStatus } from './domain/conversation-status.js';

/** What of a conversation can be counted; instants in Unix milliseconds. */
export interface ConversationFact {
  id: string;
  agentId: string | null;
  department: string | null;
  channel: string;
  category: string | null;
  priority: ConversationPriority;
  status: ConversationStatus;
  createdAt: number;
  /** Of the agent who has it, or had it last. */
  assignedAt: number | null;
  firstResponseAt: number | null;
  closedAt: number | null;
  rating: number | null;
  transferCount: number;
  offHours: boolean;
  /** The number of its messages. */
  lastSeq: number;
}

/** Those who wait in one department, or for none. */
export interface WaitingConversations {
  department: string | null;
  count: number;
  /** When the first of them began to wait. */
  since: number;
}

export interface ServedConversations {
  agentId: string;
  open: number;
  pending: number;
}

/** What can be counted of conversations. */
export abstract class ConversationFacts {
  /** As they are now; within an open unit as that sees them. */
  abstract find(organizationId: string, ids: readonly string[]): Promise<ConversationFact[]>;
  /** Ids in their order, behind one of them. */
  abstract idsAfter(organizationId: string, afterId: string, limit: number): Promise<string[]>;
  abstract count(organizationId: string): Promise<number>;
  /** Of what the caller may see. */
  abstract waiting(principal: Principal): Promise<WaitingConversations[]>;
  /** Of what the caller may see. */
  abstract served(principal: Principal): Promise<ServedConversations[]>;
}
