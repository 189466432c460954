import { Injectable } from '@nestjs/common';
import { countRows, idsAfter } from '../../platform/database/organization-rows.js';
import { placeholders } from '../../platform/database/rows.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { TicketFacts } from './ticket-facts.contract.js';
import type { TicketFact } from './ticket-facts.contract.js';
import { NEVER_DUE } from './ticket.entity.js';
import type { TicketEntity } from './ticket.entity.js';

const COLUMNS = 'id, agent_id, department, channel, category, priority, status, created_at, due_at';
const SOLVED = ['resolved', 'closed'];

@Injectable()
export class TicketFactsService extends TicketFacts {
  constructor(private readonly unitOfWork: UnitOfWork) {
    super();
  }

  async find(organizationId: string, ids: readonly string[]): Promise<TicketFact[]> {
    const rows = await this.unitOfWork.query<TicketEntity>(
      `SELECT ${COLUMNS} FROM tickets WHERE organization_id = ? AND id IN (${placeholders(ids.length)})`,
      [organizationId, ...ids],
    );
    const solutions = await this.solutions(rows.filter(({ status }) => SOLVED.includes(status)).map(({ id }) => id));
    return rows.map((row) => toFact(row, solutions));
  }

  idsAfter(organizationId: string, afterId: string, limit: number): Promise<string[]> {
    return idsAfter(this.unitOfWork, 'tickets', organizationId, afterId, limit);
  }

  count(organizationId: string): Promise<number> {
    return countRows(this.unitOfWork, 'tickets', organizationId);
  }

  async unsolvedDueBefore(organizationId: string, now: number, fromMs: number, toMs: number): Promise<TicketFact[]> {
    const rows = await this.unitOfWork.query<TicketEntity>(
      `SELECT ${COLUMNS} FROM tickets WHERE organization_id = ? AND due_at < ? AND created_at >= ? AND created_at < ? AND status NOT IN (${placeholders(SOLVED.length)})`,
      [organizationId, now, fromMs, toMs, ...SOLVED],
    );
    return rows.map((row) => toFact(row, new Map()));
  }

  /** When each came to be solved, the last time; those that were made as solved are not among them. */
  private async solutions(ids: readonly string[]): Promise<Map<string, number>> {
    if (ids.length === 0) return new Map();
    const rows = await this.unitOfWork.query<{ ticket_id: string; old_value: string; new_value: string; created_at: number }>(
      `SELECT ticket_id, old_value, new_value, created_at FROM ticket_changes WHERE ticket_id IN (${placeholders(ids.length)}) AND field = 'status' ORDER BY ticket_id, created_at, id`,
      [...ids],
    );
    const isSolved = (value: string): boolean => SOLVED.includes(JSON.parse(value) as string);
    const steps = rows.filter(({ old_value, new_value }) => isSolved(new_value) && !isSolved(old_value));
    return new Map(steps.map(({ ticket_id, created_at }) => [ticket_id, Number(created_at)]));
  }
}

function toFact(row: TicketEntity, solutions: ReadonlyMap<string, number>): TicketFact {
  const [createdAt, dueAt] = [Number(row.created_at), Number(row.due_at)];
  return {
    id: row.id,
    agentId: row.agent_id,
    department: row.department,
    channel: row.channel,
    category: row.category,
    priority: row.priority,
    status: row.status,
    createdAt,
    dueAt: dueAt === NEVER_DUE ? null : dueAt,
    solvedAt: SOLVED.includes(row.status) ? (solutions.get(row.id) ?? createdAt) : null,
  };
}
