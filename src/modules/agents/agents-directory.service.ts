import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { Agents } from './agents.contract.js';
import type { KnownAgent, RoutingCandidate } from './agents.contract.js';
import { AgentsRepository } from './agents.repository.js';

@Injectable()
export class AgentsDirectory extends Agents {
  constructor(
    private readonly agents: AgentsRepository,
    private readonly clock: Clock,
  ) {
    super();
  }

  async find(organizationId: string, id: string): Promise<KnownAgent | null> {
    const agent = await this.agents.find(organizationId, id);
    if (agent === null) return null;
    const { enabled, role, department, status } = agent;
    return { id, enabled, role, department, status, freeCapacity: agent.max_conversations - agent.active_conversations };
  }

  async idsByName(organizationId: string, names: readonly string[]): Promise<Map<string, string>> {
    return this.agents.idsByName(organizationId, names);
  }

  async routingCandidates(organizationId: string): Promise<RoutingCandidate[]> {
    return this.agents.routingCandidates(organizationId);
  }

  async changeLoad(agentId: string, change: 1 | -1): Promise<void> {
    await this.agents.changeLoad(agentId, change, this.clock.now());
  }
}
