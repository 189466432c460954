import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import type { DomainEvent } from '../../kernel/domain-event.js';
import { Outbox } from '../../platform/outbox/outbox.js';
import type { DurableSubscriber } from '../../platform/outbox/outbox.js';
import { Agents } from '../agents/agents.contract.js';
import type { RoutingCandidate } from '../agents/agents.contract.js';
import { conversationEvent } from './conversation-events.js';
import { ConversationsRepository } from './conversations.repository.js';
import type { WaitingConversation } from './conversations.repository.js';
import { chooseAgent } from './domain/choose-agent.js';
import type { Wish } from './domain/choose-agent.js';

/** How many waiting conversations are looked at with one query. */
const PAGE = 200;

/**
 * Gives conversations to agents. Everything here needs the organization's routing lock, which makes it one at a time:
 * no conversation is given twice and no agent more than it takes.
 */
@Injectable()
export class RoutingService implements DurableSubscriber {
  constructor(
    private readonly conversations: ConversationsRepository,
    private readonly agents: Agents,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
  ) {
    outbox.subscribe(this);
  }

  /** Agents who come online find work in the queue, in the same transaction; disabled ones hand theirs back. */
  async plan(events: readonly DomainEvent[]): Promise<void> {
    for (const event of events) {
      const agentId = event.subject.agentId;
      if (event.type === 'agent.deleted' && agentId !== null) await this.handBack(event.organizationId, agentId);
      if (event.type.startsWith('agent.')) await this.drainQueue(event.organizationId);
    }
  }

  /** The agent for a conversation; null when it has to wait. Counts nothing yet. */
  async findAgent(organizationId: string, wish: Wish): Promise<string | null> {
    return chooseAgent(await this.agents.routingCandidates(organizationId), wish)?.id ?? null;
  }

  /** Serves waiting conversations while there are agents with room; `except` was put back on purpose a moment ago. */
  async drainQueue(organizationId: string, except?: string): Promise<void> {
    let candidates = await this.agents.routingCandidates(organizationId);
    let last: WaitingConversation | null = null;
    while (candidates.length > 0) {
      const page = await this.conversations.queued(organizationId, departmentsOf(candidates), last, PAGE);
      for (const waiting of page) {
        const agent = waiting.id === except ? null : chooseAgent(candidates, waiting);
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

  private async assign(conversationId: string, agentId: string): Promise<void> {
    const now = this.clock.now();
    const conversation = await this.conversations.getById(conversationId);
    await this.agents.changeLoad(agentId, 1);
    const changes = { agent_id: agentId, status: 'open' as const, queued_at: null, assigned_at: now, updated_at: now };
    await this.conversations.update(conversation.id, changes);
    this.outbox.append(conversationEvent('conversation.assigned', { ...conversation, ...changes }, now, { previous_agent_id: conversation.agent_id }));
  }

  private async handBack(organizationId: string, agentId: string): Promise<void> {
    const now = this.clock.now();
    for (const conversation of await this.conversations.ofAgent(organizationId, agentId)) {
      const changes = { agent_id: null, status: 'queued' as const, queued_at: now, assigned_at: null, updated_at: now };
      await this.agents.changeLoad(agentId, -1);
      await this.conversations.update(conversation.id, changes);
      this.outbox.append(
        conversationEvent('conversation.updated', { ...conversation, ...changes }, now, { changed: ['agent_id', 'status'], previous_agent_id: agentId, previous_status: conversation.status }),
      );
    }
  }
}

function departmentsOf(candidates: readonly RoutingCandidate[]): string[] {
  return [...new Set(candidates.map(({ department }) => department))].filter((department) => department !== null);
}
