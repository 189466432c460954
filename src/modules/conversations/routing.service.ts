import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import type { DomainEvent } from '../../kernel/domain-event.js';
import { Outbox } from '../../platform/outbox/outbox.js';
import type { DurableSubscriber } from '../../platform/outbox/outbox.js';
import { Agents } from '../agents/agents.contract.js';
import type { ConversationEntity } from './conversation.entity.js';
import { conversationEvent } from './conversation-events.js';
import { ConversationsRepository } from './conversations.repository.js';
import { chooseAgent } from './domain/choose-agent.js';

/** How many waiting conversations one change can serve; the next change serves the rest. */
const DRAIN_LIMIT = 500;

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

  /** The agent for a new conversation, already counted into its load; null when it has to wait. */
  async findAgent(organizationId: string, wish: { department: string | null; skills: readonly string[] }): Promise<string | null> {
    const agent = chooseAgent(await this.agents.routingCandidates(organizationId), wish);
    if (agent === null) return null;
    await this.agents.changeLoad(agent.id, 1);
    return agent.id;
  }

  /** Serves waiting conversations while there are agents with room. */
  async drainQueue(organizationId: string): Promise<void> {
    const candidates = await this.agents.routingCandidates(organizationId);
    if (candidates.length === 0) return;
    for (const conversation of await this.conversations.queued(organizationId, DRAIN_LIMIT)) {
      const agent = chooseAgent(candidates, conversation);
      if (agent === null) continue;
      agent.freeCapacity--;
      agent.activeConversations++;
      agent.idleSince = this.clock.now();
      await this.agents.changeLoad(agent.id, 1);
      await this.assign(conversation, agent.id);
    }
  }

  private async assign(conversation: ConversationEntity, agentId: string): Promise<void> {
    const now = this.clock.now();
    const changes = { agent_id: agentId, status: 'open' as const, queued_at: null, assigned_at: now, updated_at: now };
    await this.conversations.update(conversation.id, changes);
    this.outbox.append(conversationEvent('conversation.assigned', { ...conversation, ...changes }, now, { previous_agent_id: conversation.agent_id }));
  }

  private async handBack(organizationId: string, agentId: string): Promise<void> {
    const now = this.clock.now();
    for (const conversation of await this.conversations.ofAgent(organizationId, agentId)) {
      const changes = { agent_id: null, status: 'queued' as const, queued_at: now, updated_at: now };
      await this.agents.changeLoad(agentId, -1);
      await this.conversations.update(conversation.id, changes);
      this.outbox.append(
        conversationEvent('conversation.updated', { ...conversation, ...changes }, now, { changed: ['agent_id', 'status'], previous_agent_id: agentId, previous_status: conversation.status }),
      );
    }
  }
}
