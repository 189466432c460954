import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { DomainError, invalidField } from '../../kernel/domain-error.js';
import type { Principal } from '../../kernel/principal.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { assertMatch } from '../../platform/http/etag.js';
import { Outbox } from '../../platform/outbox/outbox.js';
import { Agents } from '../agents/agents.contract.js';
import { Organizations } from '../organizations/organizations.contract.js';
import { conversationEvent } from './conversation-events.js';
import type { ConversationEntity } from './conversation.entity.js';
import { CONVERSATION_WRITABLE } from './conversations.dto.js';
import type { UpdateConversationDto } from './conversations.dto.js';
import { ConversationsRepository } from './conversations.repository.js';
import { toConversationView } from './conversations.view.js';
import { assertMove, occupiesAgent } from './domain/conversation-status.js';
import type { ConversationStatus } from './domain/conversation-status.js';
import { RoutingService } from './routing.service.js';

/** Everything that changes a conversation after it began: its fields, its agent, its status. */
@Injectable()
export class UpdateConversation {
  constructor(
    private readonly conversations: ConversationsRepository,
    private readonly routing: RoutingService,
    private readonly agents: Agents,
    private readonly organizations: Organizations,
    private readonly unitOfWork: UnitOfWork,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
  ) {}

  async update(principal: Principal, id: string, input: UpdateConversationDto, ifMatch?: string): Promise<ConversationEntity> {
    return this.unitOfWork.run(async () => {
      await this.organizations.lockRouting(principal.organizationId);
      const before = await this.conversations.getForUpdate(principal, id);
      assertMatch(ifMatch, toConversationView(before, null), CONVERSATION_WRITABLE);
      const { agent_id, status, ...fields } = input;
      const after: ConversationEntity = { ...before, ...fields };
      await this.applyAgentAndStatus(principal, before, after, agent_id, status);
      return this.save(principal, before, after);
    });
  }

  /** Ends the conversation; ending it again changes nothing. */
  async close(principal: Principal, id: string, ifMatch?: string): Promise<ConversationEntity> {
    return this.unitOfWork.run(async () => {
      await this.organizations.lockRouting(principal.organizationId);
      const before = await this.conversations.getForUpdate(principal, id);
      assertMatch(ifMatch, toConversationView(before, null), CONVERSATION_WRITABLE);
      if (before.status === 'closed') return before;
      const after = { ...before };
      await this.applyAgentAndStatus(principal, before, after, undefined, 'closed');
      return this.save(principal, before, after);
    });
  }

  /** Works out the new agent and status together: giving an agent opens, taking it away queues. */
  private async applyAgentAndStatus(
    principal: Principal,
    before: ConversationEntity,
    after: ConversationEntity,
    agentId: string | null | undefined,
    status: ConversationStatus | undefined,
  ): Promise<void> {
    const given = agentId === before.agent_id ? undefined : agentId;
    const target = status ?? targetOf(before, given);
    if (target !== before.status) assertMove(before.status, target);
    else if (given === undefined) return;
    assertFits(target, given);
    after.status = target;
    after.agent_id = await this.agentAfter(principal, before, after, given);
    const [from, to] = [servingAgent(before), servingAgent(after)];
    if (from === to) return;
    if (from !== null) await this.agents.changeLoad(from, -1);
    if (to !== null) await this.agents.changeLoad(to, 1);
  }

  private async agentAfter(principal: Principal, before: ConversationEntity, after: ConversationEntity, given: string | null | undefined): Promise<string | null> {
    if (after.status === 'queued') return null;
    if (after.status === 'closed') return before.agent_id;
    const wanted = given ?? before.agent_id ?? (principal.kind === 'agent' ? principal.id : null);
    if (wanted !== null) {
      const agent = await this.agents.find(principal.organizationId, wanted);
      if (agent?.enabled === true) return agent.id;
      if (given !== undefined) throw invalidField('agent_id', 'agent.not_found', `There is no enabled agent ${JSON.stringify(given)}.`);
    }
    const found = await this.routing.findAgent(principal.organizationId, after);
    if (found !== null) return found;
    throw new DomainError('conflict', 'conversation.no_agent_available', 'No agent is free; name one in agent_id, or leave the conversation in the queue.');
  }

  private async save(principal: Principal, before: ConversationEntity, after: ConversationEntity): Promise<ConversationEntity> {
    const [viewBefore, viewAfter] = [toConversationView(before, null), toConversationView(after, null)];
    const changed = CONVERSATION_WRITABLE.filter((field) => JSON.stringify(viewBefore[field]) !== JSON.stringify(viewAfter[field]));
    if (changed.length === 0) return before;
    const now = this.clock.now();
    after.updated_at = now;
    this.stamp(principal, before, after, now);
    await this.conversations.update(after.id, changesBetween(before, after));
    this.announce(before, after, changed, now);
    return this.drain(before, after, changed);
  }

  /** An agent who has one conversation less may take another; one that waits for something else may find an agent. */
  private async drain(before: ConversationEntity, after: ConversationEntity, changed: readonly string[]): Promise<ConversationEntity> {
    const from = servingAgent(before);
    const freed = from !== null && from !== servingAgent(after);
    const routed = after.status === 'queued' && changed.some((field) => field === 'department' || field === 'skills');
    if (freed || routed) await this.routing.drainQueue(after.organization_id, routed ? undefined : after.id);
    return routed ? this.conversations.getById(after.id) : after;
  }

  private stamp(principal: Principal, before: ConversationEntity, after: ConversationEntity, now: number): void {
    if (after.agent_id !== before.agent_id) after.assigned_at = after.agent_id === null ? null : now;
    if (after.status === before.status) return;
    after.queued_at = after.status === 'queued' ? now : null;
    after.closed_at = after.status === 'closed' ? now : null;
    after.closed_by = after.status === 'closed' ? principal.id : null;
  }

  private announce(before: ConversationEntity, after: ConversationEntity, changed: string[], now: number): void {
    const previous = { previous_status: before.status, previous_agent_id: before.agent_id };
    const closed = after.status === 'closed' && before.status !== 'closed';
    const reopened = before.status === 'closed' && after.status !== 'closed';
    if (closed) {
      this.outbox.append(conversationEvent('conversation.closed', after, now, { ...previous, closed_by: after.closed_by, message_count: after.last_seq }));
    }
    if (reopened) this.outbox.append(conversationEvent('conversation.reopened', after, now, previous));
    if (after.agent_id !== before.agent_id && after.agent_id !== null) {
      this.outbox.append(conversationEvent('conversation.assigned', after, now, previous));
    }
    const rest = changed.filter((field) => !(field === 'agent_id' && after.agent_id !== null) && !(field === 'status' && (closed || reopened)));
    if (rest.length > 0) this.outbox.append(conversationEvent('conversation.updated', after, now, { ...previous, changed: rest }));
  }
}

/** The agent whose capacity the conversation takes up. */
function servingAgent({ status, agent_id }: ConversationEntity): string | null {
  return occupiesAgent(status) ? agent_id : null;
}

/** What becomes of the status when only the agent is given. */
function targetOf(before: ConversationEntity, given: string | null | undefined): ConversationStatus {
  if (given === undefined) return before.status;
  if (before.status === 'closed') throw new DomainError('conflict', 'conversation.closed', 'The conversation is closed.', { extra: { allowed: ['open', 'queued'] } });
  if (given === null) return 'queued';
  return before.status === 'queued' ? 'open' : before.status;
}

function assertFits(target: ConversationStatus, given: string | null | undefined): void {
  if (given === undefined || (occupiesAgent(target) ? given !== null : target === 'queued' && given === null)) return;
  throw invalidField('agent_id', 'conversation.agent_unfit', `This agent_id does not go with the status ${target}.`);
}

function changesBetween(before: ConversationEntity, after: ConversationEntity): Partial<ConversationEntity> {
  const names = Object.keys(after) as (keyof ConversationEntity)[];
  return Object.fromEntries(names.filter((name) => before[name] !== after[name]).map((name) => [name, after[name]]));
}
