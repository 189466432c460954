import { Injectable } from '@nestjs/common';
import type { DomainEvent, EventType } from '../../../kernel/domain-event.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { Sequencer } from '../../../platform/outbox/sequencer.js';

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

/** The event log by the time at which events happened. */
@Injectable()
export class PastEvents {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly sequencer: Sequencer,
  ) {}

  /** How many events a range holds, by the positions at its ends: counting a million of them would take seconds. */
  async estimate(organizationId: string, range: Range): Promise<number> {
    await this.sequencer.sequence(organizationId);
    const first = await this.positionAt('ASC', organizationId, range);
    const last = await this.positionAt('DESC', organizationId, range);
    return first === null || last === null ? 0 : Math.max(1, last - first + 1);
  }

  /** The next events of a range behind the one that was seen last, by their time and then in the order of their insertion. */
  async next(organizationId: string, range: Range, seen: { at: number; number: number } | null, limit: number): Promise<PastEvent[]> {
    // Only events about callbacks name an endpoint; the text of all others need not be read.
    const rows = await this.unitOfWork.query<Row>(
      `SELECT number, id, type, occurred_at, CASE WHEN type LIKE 'callback.%' THEN data END AS data,
         conversation_id, agent_id, department, channel, queued, shared
       FROM events WHERE organization_id = ? AND occurred_at >= ? AND occurred_at <= ? AND (occurred_at > ? OR number > ?)
       ORDER BY occurred_at, number LIMIT ?`,
      [organizationId, seen?.at ?? range.since, range.until, seen?.at ?? range.since, seen?.number ?? 0, limit],
    );
    return rows.map(toPastEvent);
  }

  private async positionAt(order: 'ASC' | 'DESC', organizationId: string, { since, until }: Range): Promise<number | null> {
    const [row] = await this.unitOfWork.query<{ position: number }>(
      `SELECT position FROM events WHERE organization_id = ? AND occurred_at >= ? AND occurred_at <= ? AND position IS NOT NULL
       ORDER BY occurred_at ${order} LIMIT 1`,
      [organizationId, since, until],
    );
    return row === undefined ? null : Number(row.position);
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
