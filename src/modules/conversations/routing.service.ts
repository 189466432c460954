import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import type { DomainEvent } from '../../kernel/domain-event.js';
import { Outbox } from '../../platform/outbox/outbox.js';
import type { DurableSubscriber } from '../../platform/outbox/outbox.js';
import { Agents } from '../agents/agents.contract.js';
import type { RoutingCandidate } from '../agents/agents.contract.js';
import { Departments } from '../departments/departments.contract.js';
import { ConversationWriter } from './conversation-writer.js';
import type { Occasion } from './conversation-writer.js';
import type { ConversationEntity } from './conversation.entity.js';
import { ConversationsRepository } from './conversations.repository.js';
import { chooseAgent } from './domain/choose-agent.js';
import type { Wish } from './domain/choose-agent.js';
import { QueueRepository } from './queue.repository.js';
import type { WaitingConversation } from './queue.repository.js';

/** How many waiting conversations are looked at with one query. */
const PAGE = 200;

/** Agents with these statuses are not there to take up what they were given. */
const GONE: readonly unknown[] = ['away', 'offline'];

/** A conversation that was put back a moment ago, and the agent who does not get it now; null for nobody at all. */
export interface PutBack {
  conversationId: string;
  agentId: string | null;
}

/**
 * Gives conversations to agents. Everything here needs the organization's routing lock, which makes it one at a time:
 * no conversation is given twice and no agent more than it takes.
 */
@Injectable()
export class RoutingService implements DurableSubscriber {
  constructor(
    private readonly conversations: ConversationsRepository,
    private readonly queue: QueueRepository,
    private readonly writer: ConversationWriter,
    private readonly agents: Agents,
    private readonly departments: Departments,
    private readonly clock: Clock,
    outbox: Outbox,
  ) {
    outbox.subscribe(this);
  }

  /**
   * Agents who come online find work in the queue, in the same transaction. Those who go away hand back what they have not taken up,
   * disabled ones all.
   */
  async plan(events: readonly DomainEvent[]): Promise<void> {
    const disabled = new Set(events.filter(({ type }) => type === 'agent.deleted').map(({ data }) => data['agent_id']));
    for (const { type, organizationId, data } of events) {
      if (!type.startsWith('agent.')) continue;
      const agentId = data['agent_id'] as string;
      if (type === 'agent.deleted') await this.handBack(organizationId, agentId, 'agent_disabled');
      else if (disabled.has(agentId)) continue;
      else if (type === 'agent.status_changed' && GONE.includes(data['status'])) await this.handBack(organizationId, agentId, 'agent_away');
      await this.drainQueue(organizationId);
    }
  }

  /** The agent for a conversation; null when it has to wait. Counts nothing yet. */
  async findAgent(organizationId: string, wish: Wish): Promise<string | null> {
    const candidates = await this.agents.routingCandidates(organizationId);
    return chooseAgent(candidates, await this.wholeWish(organizationId, wish))?.id ?? null;
  }

  /** Serves waiting conversations while there are agents with room. */
  async drainQueue(organizationId: string, putBack?: PutBack): Promise<void> {
    let candidates = await this.agents.routingCandidates(organizationId);
    if (candidates.length === 0) return;
    const closed = await this.departments.closedAt(organizationId, this.clock.now());
    let last: WaitingConversation | null = null;
    while (candidates.length > 0) {
      const page = await this.queue.waiting(organizationId, departmentsOf(candidates), closed, last, PAGE);
      for (const waiting of page) {
        const asked = candidatesFor(candidates, waiting, putBack);
        const agent = asked.length === 0 ? null : chooseAgent(asked, await this.wholeWish(organizationId, waiting));
        if (agent === null) continue;
        agent.freeCapacity--;
        agent.activeConversations++;
        agent.idleSince = this.clock.now();
        await this.assign(waiting.id, agent.id);
        candidates = candidates.filter(({ freeCapacity }) => freeCapacity > 0);
        if (candidates.length === 0) return;
      }
      if (page.length < PAGE) return;
      last = page.at(-1)!;
    }
  }

  /**
   * Takes a conversation from its agent, whose place in the queue it keeps unless the agent had taken it up. The row must be locked,
   * and whoever calls drains the queue.
   */
  async putBack(before: ConversationEntity, occasion: Pick<Occasion, 'kind' | 'reason'>): Promise<void> {
    const after: ConversationEntity = { ...before, agent_id: null, status: 'queued', avoided_agent_id: before.agent_id };
    const queuedAt = before.accepted_at === null ? (before.queued_at ?? before.assigned_at!) : this.clock.now();
    await this.writer.write(before, after, { actorId: null, queuedAt, ...occasion });
  }

  /** What a conversation asks for, with the skills that its department asks for. */
  private async wholeWish(organizationId: string, wish: Wish): Promise<Wish> {
    const { skills } = await this.departments.settingsOf(organizationId, wish.department);
    return skills.length === 0 ? wish : { ...wish, skills: [...wish.skills, ...skills] };
  }

  private async assign(conversationId: string, agentId: string): Promise<void> {
    const conversation = await this.conversations.getById(conversationId);
    await this.writer.write(conversation, { ...conversation, agent_id: agentId, status: 'open' }, { actorId: null });
  }

  private async handBack(organizationId: string, agentId: string, reason: 'agent_away' | 'agent_disabled'): Promise<void> {
    for (const conversation of await this.conversations.ofAgentForUpdate(organizationId, agentId)) {
      const running = conversation.accepted_at !== null || conversation.status === 'pending';
      if (reason === 'agent_disabled' || !running) await this.putBack(conversation, { kind: 'returned', reason });
    }
  }
}

function candidatesFor(candidates: readonly RoutingCandidate[], { id }: WaitingConversation, putBack: PutBack | undefined): readonly RoutingCandidate[] {
  if (putBack === undefined || putBack.conversationId !== id) return candidates;
  return putBack.agentId === null ? [] : candidates.filter((candidate) => candidate.id !== putBack.agentId);
}

function departmentsOf(candidates: readonly RoutingCandidate[]): string[] {
  return [...new Set(candidates.map(({ department }) => department))].filter((department) => department !== null);
}
