import { Injectable } from '@nestjs/common';
import { visibilityOf } from '../../kernel/principal.js';
import type { Principal } from '../../kernel/principal.js';
import { countRows, idsAfter } from '../../platform/database/organization-rows.js';
import { placeholders } from '../../platform/database/rows.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { visibleTo } from '../../platform/database/visible-to.js';
import { ConversationFacts } from './conversation-facts.contract.js';
import type { ConversationFact, ServedConversations, WaitingConversations } from './conversation-facts.contract.js';
import { ConversationEntity } from './conversation.entity.js';

const COLUMNS = [
  'id', 'agent_id', 'department', 'channel', 'category', 'priority', 'status', 'created_at', 'assigned_at', 'first_response_at', 'closed_at',
  'rating', 'transfer_count', 'off_hours', 'last_seq',
].join(', ');

const VISIBILITY = {
  agentId: 'conversation.agent_id', department: 'conversation.department', channel: 'conversation.channel', queued: "conversation.status = 'queued'",
};

@Injectable()
export class ConversationFactsService extends ConversationFacts {
  constructor(private readonly unitOfWork: UnitOfWork) {
    super();
  }

  async find(organizationId: string, ids: readonly string[]): Promise<ConversationFact[]> {
    const rows = await this.unitOfWork.query<ConversationEntity>(
      `SELECT ${COLUMNS} FROM conversations WHERE organization_id = ? AND id IN (${placeholders(ids.length)})`,
      [organizationId, ...ids],
    );
    return rows.map(toFact);
  }

  idsAfter(organizationId: string, afterId: string, limit: number): Promise<string[]> {
    return idsAfter(this.unitOfWork, 'conversations', organizationId, afterId, limit);
  }

  count(organizationId: string): Promise<number> {
    return countRows(this.unitOfWork, 'conversations', organizationId);
  }

  async waiting(principal: Principal): Promise<WaitingConversations[]> {
    const rows = await this.grouped<{ department: string | null; count: number; since: number }>(
      principal, ['queued'], 'conversation.department', { department: 'conversation.department', count: 'COUNT(*)', since: 'MIN(conversation.queued_at)' },
    );
    return rows.map(({ department, count, since }) => ({ department, count: Number(count), since: Number(since) }));
  }

  async served(principal: Principal): Promise<ServedConversations[]> {
    const rows = await this.grouped<{ agent_id: string | null; open: number; pending: number }>(principal, ['open', 'pending'], 'conversation.agent_id', {
      agent_id: 'conversation.agent_id',
      open: "SUM(CASE WHEN conversation.status = 'open' THEN 1 ELSE 0 END)",
      pending: "SUM(CASE WHEN conversation.status = 'pending' THEN 1 ELSE 0 END)",
    });
    return rows.flatMap(({ agent_id, open, pending }) => (agent_id === null ? [] : [{ agentId: agent_id, open: Number(open), pending: Number(pending) }]));
  }

  private async grouped<T>(principal: Principal, statuses: readonly string[], by: string, selected: Record<string, string>): Promise<T[]> {
    const query = this.unitOfWork.manager
      .createQueryBuilder()
      .from(ConversationEntity, 'conversation')
      .where('conversation.organization_id = :organizationId AND conversation.status IN (:...statuses)', { organizationId: principal.organizationId, statuses })
      .groupBy(by);
    for (const [name, expression] of Object.entries(selected)) query.addSelect(expression, name);
    const condition = visibleTo(visibilityOf(principal), VISIBILITY);
    if (condition !== null) query.andWhere(condition.sql, condition.parameters);
    return query.getRawMany<T & object>();
  }
}

function toFact(row: ConversationEntity): ConversationFact {
  const instant = (value: number | null): number | null => (value === null ? null : Number(value));
  return {
    id: row.id,
    agentId: row.agent_id,
    department: row.department,
    channel: row.channel,
    category: row.category,
    priority: row.priority,
    status: row.status,
    createdAt: Number(row.created_at),
    assignedAt: instant(row.assigned_at),
    firstResponseAt: instant(row.first_response_at),
    closedAt: instant(row.closed_at),
    rating: row.rating,
    transferCount: row.transfer_count,
    offHours: Boolean(row.off_hours),
    lastSeq: row.last_seq,
  };
}
