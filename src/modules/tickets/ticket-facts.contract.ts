import type { TicketPriority, TicketStatus } from './domain/ticket-status.js';

/** What of a ticket can be counted; instants in Unix milliseconds. */
export interface TicketFact {
  id: string;
  /** The handler when it is an agent of ours. */
  agentId: string | null;
  department: string | null;
  channel: string | null;
  category: string | null;
  priority: TicketPriority;
  status: TicketStatus;
  createdAt: number;
  /** Null where it never is. */
  dueAt: number | null;
  /** When it was resolved or closed the last time; null while it is neither. */
  solvedAt: number | null;
}

/** What can be counted of tickets. */
export abstract class TicketFacts {
  /** As they are now; within an open unit as that sees them. */
  abstract find(organizationId: string, ids: readonly string[]): Promise<TicketFact[]>;
  /** Ids in their order, behind one of them. */
  abstract idsAfter(organizationId: string, afterId: string, limit: number): Promise<string[]>;
  abstract count(organizationId: string): Promise<number>;
  /** Those made between two moments, the second excluded, that are not solved and were due before `now`. */
  abstract unsolvedDueBefore(organizationId: string, now: number, fromMs: number, toMs: number): Promise<TicketFact[]>;
}
