import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { AgentFacts } from './agent-facts.contract.js';
import type { AgentFact } from './agent-facts.contract.js';
import type { AgentStatus } from './agents.contract.js';

@Injectable()
export class AgentFactsService extends AgentFacts {
  constructor(private readonly unitOfWork: UnitOfWork) {
    super();
  }

  async enabled(organizationId: string): Promise<AgentFact[]> {
    const rows = await this.unitOfWork.query<{ id: string; nickname: string; department: string | null; status: AgentStatus; max_conversations: number }>(
      'SELECT id, nickname, department, status, max_conversations FROM agents WHERE organization_id = ? AND enabled = 1 ORDER BY id',
      [organizationId],
    );
    return rows.map(({ max_conversations, ...row }) => ({ ...row, maxConversations: max_conversations }));
  }

  async departments(organizationId: string): Promise<Map<string, string | null>> {
    const rows = await this.unitOfWork.query<{ id: string; department: string | null }>('SELECT id, department FROM agents WHERE organization_id = ?', [organizationId]);
    return new Map(rows.map(({ id, department }) => [id, department]));
  }
}
