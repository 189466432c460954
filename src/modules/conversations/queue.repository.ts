import { Injectable } from '@nestjs/common';
import { placeholders } from '../../platform/database/rows.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import type { ClosedDepartments } from '../departments/departments.contract.js';
import { QUEUE_RANK, behindInQueue, shutOut } from './queue-order.js';

/** What decides who serves a waiting conversation and when. */
export interface WaitingConversation {
  id: string;
  department: string | null;
  skills: string[];
  /** 0 is the most urgent. */
  rank: number;
  queuedAt: number;
  /** The agent who let it wait. */
  avoids: string | null;
}

/** What waits for an agent, in its order. */
@Injectable()
export class QueueRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /**
   * The conversations that wait behind `last` for one of the departments or for none, in the order in which they are served,
   * without those that wait for their department to open.
   */
  async waiting(
    organizationId: string,
    departments: readonly string[],
    closed: ClosedDepartments,
    last: WaitingConversation | null,
    limit: number,
  ): Promise<WaitingConversation[]> {
    const out = shutOut(closed);
    const behind = last === null ? null : behindInQueue(last);
    const rows = await this.unitOfWork.query<{ id: string; department: string | null; skills: string; place: number; queued_at: number; avoided_agent_id: string | null }>(
      `SELECT id, department, skills, ${QUEUE_RANK} AS place, queued_at, avoided_agent_id FROM conversations
       WHERE organization_id = ? AND status = 'queued' AND (department IS NULL OR department IN (${placeholders(departments.length)}))
       ${out === null ? '' : `AND NOT ${out.sql}`} ${behind === null ? '' : `AND ${behind.sql}`}
       ORDER BY place, queued_at, id LIMIT ?`,
      [organizationId, ...departments, ...(out?.parameters ?? []), ...(behind?.parameters ?? []), limit],
    );
    return rows.map(({ id, department, skills, place, queued_at, avoided_agent_id }) => ({
      id, department, skills: JSON.parse(skills) as string[], rank: Number(place), queuedAt: Number(queued_at), avoids: avoided_agent_id,
    }));
  }

  /** Organizations in which somebody has waited since before this moment. */
  async organizationsWaitingSince(before: number): Promise<string[]> {
    const rows = await this.unitOfWork.query<{ organization_id: string }>(
      `SELECT l.organization_id FROM routing_locks l
       WHERE 1 = (SELECT 1 FROM conversations c WHERE c.organization_id = l.organization_id AND c.status = 'queued' AND c.queued_at < ? LIMIT 1)`,
      [before],
    );
    return rows.map(({ organization_id }) => organization_id);
  }
}
