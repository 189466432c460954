export class QueueView {
  /** @example 'support' */
  department: string | null;
  /** @example 3 */
  waiting: number;
  /** @example 42 */
  longest_wait_seconds: number;
}

export class BoardAgentView {
  /** @example 'agt_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  agent_id: string;
  /** @example 'Li Wei' */
  nickname: string;
  /** @example 'support' */
  department: string | null;
  /** @example 'online' */
  status: 'online' | 'busy' | 'away' | 'offline';
  /**
   * Conversations that it serves.
   * @example 4
   */
  open: number;
  /**
   * Conversations in which the visitor is waited for.
   * @example 1
   */
  pending: number;
  /** @example 10 */
  max_conversations: number;
}

/** How the desk is at this moment, as far as the caller may see it. */
export class BoardView {
  /** @example '2026-03-01T09:30:00.000Z' */
  as_of: string;
  /**
   * Conversations that wait for an agent.
   * @example 3
   */
  queue_length: number;
  /**
   * Whole seconds, of those that wait; 0 when none does.
   * @example 42
   */
  longest_wait_seconds: number;
  /** Of departments in which somebody waits; null for no department. */
  queues: QueueView[];
  /** @example 12 */
  online_agents: number;
  /** @example 2 */
  busy_agents: number;
  /** @example 1 */
  away_agents: number;
  /** @example 31 */
  open_conversations: number;
  /** @example 5 */
  pending_conversations: number;
  /** Agents that are not offline, or still have conversations. */
  open_by_agent: BoardAgentView[];
}
