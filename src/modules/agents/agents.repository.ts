import { Injectable } from '@nestjs/common';
import { DomainError, notFound } from '../../kernel/domain-error.js';
import type { Page } from '../../kernel/page.js';
import { keysetPage } from '../../platform/database/keyset.js';
import type { Sorting } from '../../platform/database/keyset.js';
import { changeRows, placeholders } from '../../platform/database/rows.js';
import { isUniqueViolation } from '../../platform/database/unique-violation.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { AgentEntity } from './agent.entity.js';
import type { RoutingCandidate } from './agents.contract.js';
import type { ListAgentsDto } from './agents.dto.js';

const SORTING: Sorting = {
  columns: { created_at: 'created_at', username: 'username' },
  default: '-created_at',
  tieBreaker: 'id',
};

/** Whom one query looks for. */
const NAMES_AT_ONCE = 1000;

@Injectable()
export class AgentsRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  async find(organizationId: string, id: string): Promise<AgentEntity | null> {
    return this.unitOfWork.manager.findOneBy(AgentEntity, { organization_id: organizationId, id });
  }

  async findById(id: string): Promise<AgentEntity | null> {
    return this.unitOfWork.manager.findOneBy(AgentEntity, { id });
  }

  async findByUsername(organizationId: string, username: string): Promise<AgentEntity | null> {
    return this.unitOfWork.manager.findOneBy(AgentEntity, { organization_id: organizationId, username });
  }

  async idsByName(organizationId: string, names: readonly string[]): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for (let start = 0; start < names.length; start += NAMES_AT_ONCE) {
      const some = names.slice(start, start + NAMES_AT_ONCE);
      const rows = await this.unitOfWork.query<{ id: string; username: string }>(
        `SELECT id, username FROM agents WHERE organization_id = ? AND (username IN (${placeholders(some.length)}) OR id IN (${placeholders(some.length)}))`,
        [organizationId, ...some, ...some],
      );
      for (const { id, username } of rows) found.set(username, id).set(id, id);
    }
    return found;
  }

  async findForUpdate(organizationId: string, id: string): Promise<AgentEntity | null> {
    const query = this.unitOfWork.transaction
      .createQueryBuilder(AgentEntity, 'agent')
      .where({ organization_id: organizationId, id });
    if (this.unitOfWork.dialect === 'mysql') query.setLock('pessimistic_write');
    return query.getOne();
  }

  async getForUpdate(organizationId: string, id: string): Promise<AgentEntity> {
    const agent = await this.findForUpdate(organizationId, id);
    if (agent === null) throw notFound('agent', id);
    return agent;
  }

  async insert(agent: AgentEntity): Promise<void> {
    await this.refuseTakenName(agent.username, () => this.unitOfWork.transaction.insert(AgentEntity, agent));
  }

  async update(agent: AgentEntity, changes: Partial<AgentEntity>): Promise<void> {
    await this.refuseTakenName(agent.username, () => this.unitOfWork.transaction.update(AgentEntity, { id: agent.id }, changes));
  }

  async list(organizationId: string, filter: ListAgentsDto): Promise<Page<AgentEntity>> {
    const query = this.unitOfWork.manager
      .createQueryBuilder(AgentEntity, 'agent')
      .where('agent.organization_id = :organizationId', { organizationId });
    for (const field of ['status', 'department', 'role', 'username'] as const) {
      if (filter[field] !== undefined) query.andWhere(`agent.${field} = :${field}`, { [field]: filter[field] });
    }
    if (filter.enabled !== undefined) query.andWhere('agent.enabled = :enabled', { enabled: Number(filter.enabled) });
    return keysetPage(query, SORTING, filter);
  }

  async routingCandidates(organizationId: string): Promise<RoutingCandidate[]> {
    const rows = await this.unitOfWork.query<AgentEntity & { skills: string }>(
      `SELECT id, department, skills, active_conversations, max_conversations, idle_since FROM agents
       WHERE organization_id = ? AND status = 'online' AND enabled = 1 AND active_conversations < max_conversations
       ORDER BY active_conversations, idle_since, id${this.unitOfWork.forUpdate}`,
      [organizationId],
    );
    return rows.map((row) => ({
      id: row.id,
      department: row.department,
      skills: JSON.parse(row.skills) as string[],
      freeCapacity: row.max_conversations - row.active_conversations,
      activeConversations: row.active_conversations,
      idleSince: Number(row.idle_since),
    }));
  }

  async changeLoad(agentId: string, change: number, now: number): Promise<void> {
    await changeRows(
      this.unitOfWork,
      'UPDATE agents SET active_conversations = active_conversations + ?, idle_since = ? WHERE id = ? AND active_conversations + ? >= 0',
      [change, now, agentId, change],
    );
  }

  private async refuseTakenName<T>(username: string, write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      if (!isUniqueViolation(error, 'agents_username', 'agents.organization_id, agents.username')) throw error;
      throw new DomainError('conflict', 'agent.username_taken', `The user name ${JSON.stringify(username)} is taken.`);
    }
  }
}
