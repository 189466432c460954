import type { AgentStatus } from './agents.contract.js';

/** What a board shows of an agent. */
export interface AgentFact {
  id: string;
  nickname: string;
  department: string | null;
  status: AgentStatus;
  maxConversations: number;
}

/** What can be counted of agents. */
export abstract class AgentFacts {
  /** Those that are enabled, in the order of their ids. */
  abstract enabled(organizationId: string): Promise<AgentFact[]>;
  /** By the id of the agent, of those too that are disabled: what was theirs stays their department's. */
  abstract departments(organizationId: string): Promise<Map<string, string | null>>;
}
