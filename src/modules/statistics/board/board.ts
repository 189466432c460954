import { Injectable } from '@nestjs/common';
import { Clock, toInstant } from '../../../kernel/clock.js';
import { visibilityOf } from '../../../kernel/principal.js';
import type { Principal, Visibility } from '../../../kernel/principal.js';
import { AgentFacts } from '../../agents/agent-facts.contract.js';
import type { AgentFact } from '../../agents/agent-facts.contract.js';
import { ConversationFacts } from '../../conversations/conversation-facts.contract.js';
import type { BoardView } from './board.dto.js';

/** The desk at this moment: read from what is, and not from what was counted. */
@Injectable()
export class Board {
  constructor(
    private readonly conversations: ConversationFacts,
    private readonly agents: AgentFacts,
    private readonly clock: Clock,
  ) {}

  async of(principal: Principal): Promise<BoardView> {
    const now = this.clock.now();
    const waiting = await this.conversations.waiting(principal);
    const served = await this.conversations.served(principal);
    const loads = new Map(served.map((load) => [load.agentId, load]));
    const visibility = visibilityOf(principal);
    const agents = (await this.agents.enabled(principal.organizationId)).filter((agent) => maySeeAgent(visibility, agent));
    const waitOf = (since: number): number => Math.floor(Math.max(0, now - since) / 1000);
    const count = (status: string): number => agents.filter((agent) => agent.status === status).length;
    return {
      as_of: toInstant(now),
      queue_length: waiting.reduce((sum, queue) => sum + queue.count, 0),
      longest_wait_seconds: Math.max(0, ...waiting.map(({ since }) => waitOf(since))),
      queues: waiting.map(({ department, count: length, since }) => ({ department, waiting: length, longest_wait_seconds: waitOf(since) })),
      online_agents: count('online'),
      busy_agents: count('busy'),
      away_agents: count('away'),
      open_conversations: served.reduce((sum, { open }) => sum + open, 0),
      pending_conversations: served.reduce((sum, { pending }) => sum + pending, 0),
      open_by_agent: agents
        .filter(({ id, status }) => status !== 'offline' || loads.has(id))
        .map(({ id, nickname, department, status, maxConversations }) => ({
          agent_id: id, nickname, department, status, open: loads.get(id)?.open ?? 0, pending: loads.get(id)?.pending ?? 0, max_conversations: maxConversations,
        })),
    };
  }
}

/** Agents belong to no channel. */
function maySeeAgent(visibility: Visibility, { id, department }: AgentFact): boolean {
  if (visibility.kind === 'own' && id !== visibility.agentId) return false;
  if (visibility.kind === 'department' && department !== visibility.department) return false;
  const { within } = visibility;
  if (within === undefined) return true;
  const allows = (values: readonly string[], value: string | null): boolean => values.length === 0 || (value !== null && values.includes(value));
  return allows(within.departments, department) && allows(within.agentIds, id);
}
