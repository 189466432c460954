import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import type { DomainEvent } from '../../kernel/domain-event.js';
import { newId } from '../../kernel/ids.js';
import { addRows } from '../../platform/database/rows.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { Agents } from '../agents/agents.contract.js';
import type { ConversationAssignmentEntity } from './conversation-assignment.entity.js';
import { conversationEvent } from './conversation-events.js';
import { ConversationHistory } from './conversation-history.contract.js';
import type { AddedConversation, HistoricConversation } from './conversation-history.contract.js';
import type { ConversationEntity } from './conversation.entity.js';
import { occupiesAgent } from './domain/conversation-status.js';

const COLUMNS = [
  'id', 'organization_id', 'visitor_id', 'agent_id', 'channel', 'category', 'department', 'subject', 'priority', 'skills', 'tags', 'metadata', 'status',
  'queued_at', 'last_seq', 'unread_count', 'created_at', 'updated_at', 'assigned_at', 'first_response_at', 'closed_at', 'closed_by', 'closed_reason',
  'accepted_at', 'rating', 'rating_comment', 'rated_at', 'transfer_count', 'last_message_at',
] as const;
const JSON_COLUMNS: ReadonlySet<string> = new Set(['skills', 'tags', 'metadata']);

const ASSIGNMENT_COLUMNS = [
  'id', 'organization_id', 'conversation_id', 'kind', 'agent_id', 'department', 'previous_agent_id', 'previous_department', 'reason', 'actor_id', 'at',
] as const;

type Row = Pick<ConversationEntity, (typeof COLUMNS)[number]>;
/** What the conversation was at a moment. */
type Moment = Pick<Row, 'agent_id' | 'department' | 'status'>;

@Injectable()
export class AddHistoricConversations extends ConversationHistory {
  constructor(
    private readonly agents: Agents,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {
    super();
  }

  async add(organizationId: string, by: string, conversations: readonly HistoricConversation[]): Promise<AddedConversation[]> {
    const now = this.clock.now();
    const added = conversations.map((history) => ({ history, row: toRow(organizationId, by, history, now) }));
    await addRows(this.unitOfWork, 'conversations', COLUMNS, added.map(({ row }) => COLUMNS.map((name) => (JSON_COLUMNS.has(name) ? JSON.stringify(row[name]) : row[name]))));
    const steps = added.flatMap(({ history, row }) => stepsOf(row, history, by));
    await addRows(this.unitOfWork, 'conversation_assignments', ASSIGNMENT_COLUMNS, steps.map((step) => ASSIGNMENT_COLUMNS.map((name) => step[name])));
    for (const { row } of added) {
      if (row.agent_id !== null && occupiesAgent(row.status)) await this.agents.changeLoad(row.agent_id, 1);
    }
    return added.map(({ history, row }) => ({
      conversation: {
        id: row.id, organizationId, visitorId: row.visitor_id, agentId: row.agent_id, department: row.department, channel: row.channel, status: row.status,
        lastSeq: 0, firstResponseAt: row.first_response_at, acceptedAt: row.accepted_at,
      },
      events: eventsOf(row, history),
    }));
  }
}

function toRow(organizationId: string, by: string, history: HistoricConversation, now: number): Row {
  return {
    id: newId('conversation'),
    organization_id: organizationId,
    visitor_id: history.visitorId,
    agent_id: history.agentId,
    channel: history.channel,
    category: history.category,
    department: history.department,
    subject: history.subject,
    priority: history.priority,
    skills: history.skills,
    tags: history.tags,
    metadata: history.metadata,
    status: history.status,
    queued_at: history.status === 'queued' || (history.status === 'open' && history.firstResponseAt === null) ? history.createdAt : null,
    last_seq: history.messageCount,
    unread_count: history.unreadCount,
    created_at: history.createdAt,
    updated_at: now,
    assigned_at: lastAssignedAt(history),
    first_response_at: history.firstResponseAt,
    closed_at: history.closedAt,
    closed_by: history.closedAt === null ? null : (history.agentId ?? by),
    closed_reason: history.closedAt === null ? null : 'ended',
    accepted_at: history.firstResponseAt,
    rating: history.rating?.score ?? null,
    rating_comment: history.rating?.comment ?? null,
    rated_at: history.rating?.at ?? null,
    transfer_count: history.transfers.length,
    last_message_at: history.lastMessageAt,
  };
}

/** When it was given to the agent who has it at the end; null where none has. */
function lastAssignedAt({ firstAgentId, assignedAt, transfers }: HistoricConversation): number | null {
  let last = { agentId: firstAgentId, at: firstAgentId === null ? null : assignedAt };
  for (const { agentId, at } of transfers) {
    if (agentId !== last.agentId) last = { agentId, at: agentId === null ? null : at };
  }
  return last.at;
}

/** What it was before its first transfer, and after each. */
function momentsOf(history: HistoricConversation): { first: Moment; transfers: { at: number; before: Moment; after: Moment; reason: string | null }[] } {
  const first: Moment = {
    agent_id: history.firstAgentId, department: history.firstDepartment, status: history.firstAgentId === null ? 'queued' : 'open',
  };
  let before = first;
  const transfers = history.transfers.map(({ at, agentId, department, reason }) => {
    const after: Moment = { agent_id: agentId, department: department ?? before.department, status: agentId === null ? 'queued' : 'open' };
    const step = { at, before, after, reason };
    before = after;
    return step;
  });
  return { first, transfers };
}

function stepsOf(row: Row, history: HistoricConversation, by: string): ConversationAssignmentEntity[] {
  const { first, transfers } = momentsOf(history);
  const step = { organization_id: row.organization_id, conversation_id: row.id, actor_id: by };
  return [
    ...(first.agent_id === null || history.assignedAt === null ? [] : [{
      ...step, id: newId('assignment'), kind: 'assigned' as const, agent_id: first.agent_id, department: first.department, previous_agent_id: null,
      previous_department: null, reason: null, at: history.assignedAt,
    }]),
    ...transfers.map(({ at, before, after, reason }) => ({
      ...step, id: newId('assignment'), kind: 'transferred' as const, agent_id: after.agent_id, department: after.department,
      previous_agent_id: before.agent_id, previous_department: before.department, reason, at,
    })),
  ];
}

/** As they would have been told at the time, each with what the conversation was then. */
function eventsOf(row: Row, history: HistoricConversation): DomainEvent[] {
  const { first, transfers } = momentsOf(history);
  const at = (moment: Moment, type: Parameters<typeof conversationEvent>[0], instant: number, data: Record<string, unknown> = {}): DomainEvent =>
    conversationEvent(type, { ...row, ...moment, off_hours: false } as ConversationEntity, instant, data);
  const events = [at({ ...first, agent_id: null, status: 'queued' }, 'conversation.created', history.createdAt)];
  if (first.agent_id !== null && history.assignedAt !== null) {
    events.push(at(first, 'conversation.assigned', history.assignedAt, { previous_status: 'queued', previous_agent_id: null }));
  }
  for (const { at: instant, before, after, reason } of transfers) {
    const previous = { previous_status: before.status, previous_agent_id: before.agent_id, previous_department: before.department };
    events.push(at(after, 'conversation.transferred', instant, { ...previous, reason }));
  }
  if (history.closedAt !== null) {
    const previous_status = transfers.at(-1)?.after.status ?? first.status;
    const ending = { closed_by: row.closed_by, closed_reason: row.closed_reason, message_count: row.last_seq };
    events.push(at(row, 'conversation.closed', history.closedAt, { previous_status, previous_agent_id: row.agent_id, ...ending }));
  }
  if (history.rating !== null) {
    const ratedAt = history.rating.at;
    const assigned = first.agent_id !== null && history.assignedAt !== null && history.assignedAt <= ratedAt;
    const running = transfers.findLast((transfer) => transfer.at <= ratedAt)?.after ?? (assigned ? first : { ...first, agent_id: null, status: 'queued' as const });
    events.push(at(history.closedAt !== null && history.closedAt <= ratedAt ? row : running, 'conversation.rated', ratedAt, { rating: history.rating.score, comment: history.rating.comment, previous_rating: null }));
  }
  return events;
}
