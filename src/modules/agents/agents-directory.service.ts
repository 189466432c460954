import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { Agents } from './agents.contract.js';
import type { RoutingCandidate } from './agents.contract.js';
import { AgentsRepository } from './agents.repository.js';

@Injectable()
export class AgentsDirectory extends Agents {
  constructor(
    private readonly agents: AgentsRepository,
    private readonly clock: Clock,
  ) {
    super();
  }

  async find(organizationId: string, id: string) {
    const agent = await this.agents.find(organizationId, id);
    return agent === null ? null : { id: agent.id, enabled: agent.enabled, role: agent.role, department: agent.department };
  }

  async routingCandidates(organizationId: string): Promise<RoutingCandidate[]> {
    return this.agents.routingCandidates(organizationId);
  }

  async changeLoad(agentId: string, change: 1 | -1): Promise<void> {
    await this.agents.changeLoad(agentId, change, this.clock.now());
  }
}
