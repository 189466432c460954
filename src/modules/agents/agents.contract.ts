import type { AgentRole, Principal } from '../../kernel/principal.js';

export const AGENT_STATUSES = ['online', 'busy', 'away', 'offline'] as const;
export type AgentStatus = (typeof AGENT_STATUSES)[number];

export interface RoutingCandidate {
  id: string;
  department: string | null;
  skills: string[];
  freeCapacity: number;
  activeConversations: number;
  idleSince: number;
}

export interface KnownAgent {
  id: string;
  enabled: boolean;
  role: AgentRole;
  department: string | null;
  status: AgentStatus;
  /** How many more conversations it takes; 0 or less when it has enough. True under the routing lock. */
  freeCapacity: number;
}

/** What other modules may ask of agents. */
export abstract class Agents {
  /** Null when there is no such agent in the organization. */
  abstract find(organizationId: string, id: string): Promise<KnownAgent | null>;
  /** Ids of agents by the names that were asked for: usernames, or ids themselves. Names of nobody are left out. */
  abstract idsByName(organizationId: string, names: readonly string[]): Promise<Map<string, string>>;
  /**
   * Online, enabled agents with free capacity, the least loaded first and among equals the longest idle.
   * Belongs into a unit that holds the organization's routing lock.
   */
  abstract routingCandidates(organizationId: string): Promise<RoutingCandidate[]>;
  /** Counts a conversation in (+1) or out (-1) of an agent's load. Needs the routing lock. */
  abstract changeLoad(agentId: string, change: 1 | -1): Promise<void>;
}

export interface NewAgent {
  username: string;
  password?: string;
  nickname?: string;
  email?: string | null;
  mobile?: string | null;
  avatar_url?: string | null;
  role?: 'agent' | 'supervisor' | 'admin';
  department?: string | null;
  skills?: string[];
  max_conversations?: number;
  status?: AgentStatus;
  enabled?: boolean;
}

/** The declared status, as others may set it. */
export abstract class AgentStatuses {
  /** Agents set their own; others need `agents:write`. Answers the agent as the API shows it. */
  abstract setStatus(principal: Principal, id: string, status: AgentStatus): Promise<object>;
}

/** For the first start, which makes an agent before anybody can call. */
export abstract class AgentRegistry {
  abstract create(principal: Principal, input: NewAgent): Promise<{ id: string }>;
}
