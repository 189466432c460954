import { Injectable } from '@nestjs/common';
import { Cache } from '../../platform/cache/cache.js';
import { Invalidation } from '../../platform/cache/invalidation.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { AgentAccounts } from '../auth/auth.contract.js';
import type { AgentAccount } from '../auth/auth.contract.js';
import type { AgentEntity } from './agent.entity.js';
import { AgentsRepository } from './agents.repository.js';

export const ACCOUNT_TOPIC = 'agent';

@Injectable()
export class AgentAccountsService extends AgentAccounts {
  private readonly accounts: Cache<AgentAccount>;

  constructor(
    private readonly agents: AgentsRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly invalidation: Invalidation,
  ) {
    super();
    this.accounts = new Cache<AgentAccount>(ACCOUNT_TOPIC, invalidation, { max: 10_000, ttlMs: 10_000 });
  }

  async findByUsername(organizationId: string, username: string): Promise<AgentAccount | null> {
    return toAccount(await this.agents.findByUsername(organizationId, username));
  }

  async findById(agentId: string): Promise<AgentAccount | null> {
    return this.accounts.get(agentId, async () => toAccount(await this.agents.findById(agentId)));
  }

  async lock(organizationId: string, agentId: string): Promise<AgentAccount | null> {
    return toAccount(await this.agents.findForUpdate(organizationId, agentId));
  }

  async setPassword(organizationId: string, agentId: string, passwordHash: string): Promise<void> {
    const agent = await this.agents.getForUpdate(organizationId, agentId);
    await this.agents.update(agent, { password_hash: passwordHash });
    this.unitOfWork.afterCommit(() => this.accounts.forget(agentId));
  }

  onChange(listener: (agentId: string) => void): void {
    this.invalidation.onInvalidate((topic, agentId) => {
      if (topic === ACCOUNT_TOPIC) listener(agentId);
    });
  }
}

function toAccount(agent: AgentEntity | null): AgentAccount | null {
  if (agent === null) return null;
  return {
    id: agent.id,
    organizationId: agent.organization_id,
    username: agent.username,
    passwordHash: agent.password_hash,
    role: agent.role,
    department: agent.department,
    enabled: agent.enabled,
  };
}
