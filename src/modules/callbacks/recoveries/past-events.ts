import { Injectable } from '@nestjs/common';
import type { DomainEvent, EventType } from '../../../kernel/domain-event.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';

export interface Range {
  since: number;
  until: number;
}

/** What decides whom an event concerns, and its place in the walk through the log. */
export type PastEvent = Pick<DomainEvent, 'id' | 'type' | 'occurredAt' | 'data' | 'subject'> & { number: number };

interface Row {
  number: number;
  id: string;
  type: EventType;
  occurred_at: number;
  data: string | null;
  conversation_id: string | null;
  agent_id: string | null;
  department: string | null;
  channel: string | null;
  queued: number;
  shared: number;
}

/** The event log by the time at which events happened, without the history that was brought in quietly. */
@Injectable()
export class PastEvents {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** How many events a range holds now: the index alone says it. */
  async count(organizationId: string, { since, until }: Range): Promise<number> {
    const [row] = await this.unitOfWork.query<{ events: number }>(
      'SELECT COUNT(*) AS events FROM events WHERE organization_id = ? AND occurred_at >= ? AND occurred_at <= ? AND announced = 1',
      [organizationId, since, until],
    );
    return Number(row!.events);
  }

  /** The next events of a range behind the one that was seen last, by their time and then in the order of their insertion. */
  async next(organizationId: string, range: Range, seen: { at: number; number: number } | null, limit: number): Promise<PastEvent[]> {
    // Only events about callbacks name an endpoint, and those of tickets where they came from; the text of all others need not be read.
    const rows = await this.unitOfWork.query<Row>(
      `SELECT number, id, type, occurred_at, CASE WHEN type LIKE 'callback.%' OR type LIKE 'ticket.%' THEN data END AS data,
         conversation_id, agent_id, department, channel, queued, shared
       FROM events WHERE organization_id = ? AND occurred_at >= ? AND occurred_at <= ? AND announced = 1 AND (occurred_at > ? OR number > ?)
       ORDER BY occurred_at, number LIMIT ?`,
      [organizationId, seen?.at ?? range.since, range.until, seen?.at ?? range.since, seen?.number ?? 0, limit],
    );
    return rows.map(toPastEvent);
  }
}

function toPastEvent(row: Row): PastEvent {
  return {
    number: Number(row.number),
    id: row.id,
    type: row.type,
    occurredAt: Number(row.occurred_at),
    data: row.data === null ? {} : (JSON.parse(row.data) as Record<string, unknown>),
    subject: {
      conversationId: row.conversation_id, agentId: row.agent_id, department: row.department, channel: row.channel,
      queued: row.queued === 1, shared: row.shared === 1,
    },
  };
}
