import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { placeholders } from '../../platform/database/rows.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { Departments } from '../departments/departments.contract.js';
import type { ConversationEntity } from './conversation.entity.js';
import { beforeInQueue, isShutOut, rankOf, rankOfRow } from './queue-order.js';
import type { Fragment } from './queue-order.js';

/** Of how many assignments, and how recent ones, the pace of the queue is taken. */
const PACE_SAMPLE = 20;
const PACE_WINDOW_MS = 3_600_000;

export interface QueuePlace {
  /** 1 for the one that is served next. */
  position: number;
  /** Null where nothing is known to tell it by. */
  estimatedWaitSeconds: number | null;
}

/**
 * Where conversations stand in the queue: behind those that whoever serves them may serve too. For one with a department these are its
 * own and those of no department, for one without all.
 */
@Injectable()
export class QueuePlaces {
  constructor(
    private readonly departments: Departments,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** Null for one that does not wait. */
  async place(conversation: ConversationEntity): Promise<QueuePlace | null> {
    if (conversation.status !== 'queued') return null;
    const { organization_id, department, id } = conversation;
    const closed = await this.departments.closedAt(organization_id, this.clock.now());
    const pool = poolOf(department);
    const before = beforeInQueue(rankOfRow(closed), { rank: rankOf(conversation, closed), queuedAt: conversation.queued_at!, id });
    const [row] = await this.unitOfWork.query<{ before_it: number }>(
      `SELECT COUNT(*) AS before_it FROM conversations WHERE organization_id = ? AND status = 'queued' ${pool.sql} AND ${before.sql}`,
      [organization_id, ...pool.parameters, ...before.parameters],
    );
    const paceMs = isShutOut(conversation, closed) ? null : await this.paceMs(organization_id, pool);
    return toPlace(Number(row?.before_it ?? 0) + 1, paceMs);
  }

  /** The places of those among the conversations that wait. */
  async places(organizationId: string, conversations: readonly ConversationEntity[]): Promise<Map<string, QueuePlace>> {
    const places = new Map<string, QueuePlace>();
    const queued = new Map(conversations.filter(({ status }) => status === 'queued').map((conversation) => [conversation.id, conversation]));
    if (queued.size === 0) return places;
    const closed = await this.departments.closedAt(organizationId, this.clock.now());
    const rank = rankOfRow(closed);
    for (const department of new Set([...queued.values()].map((conversation) => conversation.department))) {
      const pool = poolOf(department);
      const ids = [...queued.values()].filter((conversation) => conversation.department === department).map(({ id }) => id);
      const rows = await this.unitOfWork.query<{ id: string; place: number }>(
        `SELECT id, place FROM (
           SELECT id, ROW_NUMBER() OVER (ORDER BY ${rank.sql}, queued_at, id) AS place FROM conversations WHERE organization_id = ? AND status = 'queued' ${pool.sql}
         ) waiting WHERE id IN (${placeholders(ids.length)})`,
        [...rank.parameters, organizationId, ...pool.parameters, ...ids],
      );
      const paceMs = await this.paceMs(organizationId, pool);
      for (const { id, place } of rows) places.set(id, toPlace(Number(place), isShutOut(queued.get(id)!, closed) ? null : paceMs));
    }
    return places;
  }

  /**
   * How long it takes lately until one more has found an agent; null when fewer than two have within the hour. Counted until now: when
   * nobody finds one it takes longer.
   */
  private async paceMs(organizationId: string, pool: Fragment): Promise<number | null> {
    const now = this.clock.now();
    const rows = await this.unitOfWork.query<{ at: number }>(
      `SELECT at FROM conversation_assignments WHERE organization_id = ? AND kind = 'assigned' AND at >= ? ${pool.sql} ORDER BY at DESC LIMIT ?`,
      [organizationId, now - PACE_WINDOW_MS, ...pool.parameters, PACE_SAMPLE],
    );
    return rows.length < 2 ? null : (now - Number(rows.at(-1)!.at)) / rows.length;
  }
}

function poolOf(department: string | null): Fragment {
  return department === null ? { sql: '', parameters: [] } : { sql: 'AND (department IS NULL OR department = ?)', parameters: [department] };
}

function toPlace(position: number, paceMs: number | null): QueuePlace {
  return { position, estimatedWaitSeconds: paceMs === null ? null : Math.ceil((position * paceMs) / 1000) };
}
