import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { Outbox } from '../../platform/outbox/outbox.js';
import { Agents } from '../agents/agents.contract.js';
import { Departments } from '../departments/departments.contract.js';
import { AssignmentHistory } from './assignment-history.js';
import type { AssignmentKind } from './conversation-assignment.entity.js';
import { conversationEvent } from './conversation-events.js';
import type { ConversationEntity } from './conversation.entity.js';
import { CONVERSATION_WRITABLE } from './conversations.dto.js';
import { ConversationsRepository } from './conversations.repository.js';
import { toConversationView } from './conversations.view.js';
import { occupiesAgent } from './domain/conversation-status.js';

/** How a change came about. */
export interface Occasion {
  /** The agent or credential that makes it; null for the service itself. */
  actorId: string | null;
  /** How the history names it, where the fields alone do not say it. */
  kind?: AssignmentKind;
  reason?: string | null;
  /** Since when it waits, for what begins to wait and has waited before; now when absent. */
  queuedAt?: number;
  closedReason?: 'inactivity';
}

/** Who ends a conversation that nobody ended. */
const SERVICE = 'system';

/**
 * Writes what differs between two states of a conversation and all that goes with it: the loads of agents, instants, history and
 * events. Needs the organization's routing lock, and the conversation's row locked.
 */
@Injectable()
export class ConversationWriter {
  constructor(
    private readonly conversations: ConversationsRepository,
    private readonly history: AssignmentHistory,
    private readonly agents: Agents,
    private readonly departments: Departments,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
  ) {}

  /** Returns the names of the fields that changed; completes `after` by what follows from them. */
  async write(before: ConversationEntity, after: ConversationEntity, occasion: Occasion): Promise<string[]> {
    const now = this.clock.now();
    await this.stamp(before, after, occasion, now);
    const changed = changedFields(before, after);
    if (changed.length === 0) return changed;
    after.updated_at = now;
    const [from, to] = [servingAgent(before), servingAgent(after)];
    if (from !== to) {
      if (from !== null) await this.agents.changeLoad(from, -1);
      if (to !== null) await this.agents.changeLoad(to, 1);
    }
    await this.conversations.update(after.id, changesBetween(before, after));
    await this.remember(before, after, occasion, now);
    this.announce(before, after, changed, occasion, now);
    return changed;
  }

  private async stamp(before: ConversationEntity, after: ConversationEntity, { actorId, queuedAt, closedReason }: Occasion, now: number): Promise<void> {
    const given = after.agent_id !== null && after.agent_id !== before.agent_id;
    const reopened = isReopened(before, after);
    if (after.agent_id !== before.agent_id) after.assigned_at = given ? now : null;
    if (after.agent_id !== before.agent_id || reopened) Object.assign(after, { accepted_at: null, accept_due_at: null });
    // What its agent does to it, and whoever waits for the visitor, shows that it has been taken up.
    const taken = occupiesAgent(after.status) && (after.agent_id === actorId || after.status === 'pending');
    if (taken && (given || changedFields(before, after).length > 0)) after.accepted_at ??= now;
    if ((given || reopened) && after.status === 'open') {
      const { assignmentTimeoutMs } = await this.departments.settingsOf(after.organization_id, after.department);
      if (assignmentTimeoutMs !== null) after.accept_due_at = now + assignmentTimeoutMs;
    }
    if (after.accepted_at !== null || after.status === 'closed') after.accept_due_at = null;
    after.queued_at = !waits(after) ? null : waitsOn(before, after) ? before.queued_at : (queuedAt ?? now);
    if (after.status === before.status) return;
    const closed = after.status === 'closed';
    after.closed_at = closed ? now : null;
    after.closed_by = closed ? (actorId ?? SERVICE) : null;
    after.closed_reason = closed ? (closedReason ?? 'ended') : null;
  }

  private async remember(before: ConversationEntity, after: ConversationEntity, { actorId, kind, reason = null }: Occasion, at: number): Promise<void> {
    for (const step of stepsOf(before, after, kind)) {
      await this.history.add({
        organization_id: after.organization_id,
        conversation_id: after.id,
        kind: step,
        agent_id: after.agent_id,
        department: after.department,
        previous_agent_id: before.agent_id,
        previous_department: before.department,
        reason,
        actor_id: actorId,
        at,
      });
    }
  }

  private announce(before: ConversationEntity, after: ConversationEntity, changed: readonly string[], { actorId, kind, reason }: Occasion, now: number): void {
    const previous = {
      previous_status: before.status,
      previous_agent_id: before.agent_id,
      ...(before.department !== after.department && { previous_department: before.department }),
    };
    const closed = after.status === 'closed' && before.status !== 'closed';
    const reopened = isReopened(before, after);
    const transferred = kind === 'transferred';
    const assigned = after.agent_id !== null && after.agent_id !== before.agent_id;
    if (closed) {
      const ending = { closed_by: after.closed_by, closed_reason: after.closed_reason, message_count: after.last_seq };
      this.outbox.append(conversationEvent('conversation.closed', after, now, { ...previous, ...ending }));
    }
    if (reopened) this.outbox.append(conversationEvent('conversation.reopened', after, now, previous));
    if (transferred) {
      this.outbox.append(conversationEvent('conversation.transferred', after, now, { ...previous, previous_department: before.department, reason: reason ?? null }));
    }
    if (assigned) this.outbox.append(conversationEvent('conversation.assigned', after, now, previous));
    const told = new Set([
      ...(assigned || transferred ? ['agent_id'] : []),
      // Out of the queue by routing is what an assignment is; by a caller it is a change of the status too.
      ...(closed || reopened || transferred || (assigned && actorId === null) ? ['status'] : []),
      ...(transferred ? ['department'] : []),
      // An agent who is new to it has not accepted what the one before did, and what begins again nobody has.
      ...(after.agent_id !== before.agent_id || reopened || after.status === 'pending' ? ['accepted_at'] : []),
    ]);
    const rest = changed.filter((field) => !told.has(field));
    if (rest.length === 0) return;
    const why = !transferred && reason !== null && reason !== undefined ? { reason } : {};
    this.outbox.append(conversationEvent('conversation.updated', after, now, { ...previous, changed: rest, ...why }));
  }
}

/** The agent whose capacity the conversation takes up. */
export function servingAgent({ status, agent_id }: ConversationEntity): string | null {
  return occupiesAgent(status) ? agent_id : null;
}

function isReopened(before: ConversationEntity, after: ConversationEntity): boolean {
  return before.status === 'closed' && after.status !== 'closed';
}

/** For an agent, or for the one who has it to take it up. */
function waits({ status, accepted_at }: ConversationEntity): boolean {
  return status === 'queued' || (status === 'open' && accepted_at === null);
}

/** Out of the queue, or with the same agent: not with another, to whom somebody has handed it. */
function waitsOn(before: ConversationEntity, after: ConversationEntity): boolean {
  return before.status === 'queued' || (before.status === 'open' && after.status === 'open' && before.agent_id === after.agent_id);
}

function changedFields(before: ConversationEntity, after: ConversationEntity): string[] {
  const [old, young] = [toConversationView(before, null), toConversationView(after, null)];
  return [...CONVERSATION_WRITABLE, 'accepted_at' as const].filter((field) => JSON.stringify(old[field]) !== JSON.stringify(young[field]));
}

function stepsOf(before: ConversationEntity, after: ConversationEntity, kind: AssignmentKind | undefined): AssignmentKind[] {
  const assigned = after.agent_id !== null && after.agent_id !== before.agent_id;
  const reopened = isReopened(before, after);
  const accepted = after.status === 'open' && after.accepted_at !== null && (assigned || reopened || before.accepted_at === null);
  const move = reopened ? 'reopened'
    : kind ?? (assigned ? 'assigned' : after.status === 'queued' && before.agent_id !== null ? 'returned' : null);
  return [...(move === null ? [] : [move]), ...(accepted && move !== 'accepted' ? ['accepted' as const] : [])];
}

function changesBetween(before: ConversationEntity, after: ConversationEntity): Partial<ConversationEntity> {
  const names = Object.keys(after) as (keyof ConversationEntity)[];
  return Object.fromEntries(names.filter((name) => before[name] !== after[name]).map((name) => [name, after[name]]));
}
