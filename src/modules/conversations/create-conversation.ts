import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { invalidField } from '../../kernel/domain-error.js';
import { newId } from '../../kernel/ids.js';
import type { Principal } from '../../kernel/principal.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { Outbox } from '../../platform/outbox/outbox.js';
import { Agents } from '../agents/agents.contract.js';
import { Organizations } from '../organizations/organizations.contract.js';
import { Visitors } from '../visitors/visitors.contract.js';
import { conversationEvent } from './conversation-events.js';
import type { ConversationEntity } from './conversation.entity.js';
import type { CreateConversationDto } from './conversations.dto.js';
import { ConversationsRepository } from './conversations.repository.js';
import { RoutingService } from './routing.service.js';

const DEFAULT_CHANNEL = 'api';

@Injectable()
export class CreateConversation {
  constructor(
    private readonly conversations: ConversationsRepository,
    private readonly routing: RoutingService,
    private readonly agents: Agents,
    private readonly visitors: Visitors,
    private readonly organizations: Organizations,
    private readonly unitOfWork: UnitOfWork,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
  ) {}

  /** Begins a conversation and gives it to the named agent, to the one whom routing finds, or to the queue. */
  async create(principal: Principal, input: CreateConversationDto): Promise<ConversationEntity> {
    if ((input.visitor_id === undefined) === (input.visitor === undefined)) {
      throw invalidField('visitor_id', 'visitor.required', 'Give either visitor_id or visitor.');
    }
    return this.unitOfWork.run(async () => {
      await this.organizations.lockRouting(principal.organizationId);
      const visitorId = await this.visitorOf(principal, input);
      const agentId = await this.agentFor(principal, input);
      if (agentId !== null) await this.agents.changeLoad(agentId, 1);
      const now = this.clock.now();
      const conversation: ConversationEntity = {
        id: newId('conversation'),
        organization_id: principal.organizationId,
        visitor_id: visitorId,
        agent_id: agentId,
        channel: input.channel ?? DEFAULT_CHANNEL,
        category: input.category ?? null,
        department: input.department ?? null,
        subject: input.subject ?? null,
        priority: input.priority ?? 'normal',
        skills: input.skills ?? [],
        tags: input.tags ?? [],
        metadata: input.metadata ?? {},
        status: agentId === null ? 'queued' : 'open',
        queued_at: agentId === null ? now : null,
        last_seq: 0,
        unread_count: 0,
        created_at: now,
        updated_at: now,
        assigned_at: agentId === null ? null : now,
        first_response_at: null,
        closed_at: null,
        closed_by: null,
      };
      await this.conversations.insert(conversation);
      this.outbox.append(conversationEvent('conversation.created', conversation, now));
      if (agentId !== null) this.outbox.append(conversationEvent('conversation.assigned', conversation, now, { previous_agent_id: null }));
      return conversation;
    });
  }

  private async visitorOf(principal: Principal, { visitor_id, visitor }: CreateConversationDto): Promise<string> {
    if (visitor !== undefined) return this.visitors.upsert(principal, visitor);
    if (!(await this.visitors.exists(principal.organizationId, visitor_id!))) {
      throw invalidField('visitor_id', 'visitor.not_found', `There is no visitor ${JSON.stringify(visitor_id)}.`);
    }
    return visitor_id!;
  }

  private async agentFor(principal: Principal, input: CreateConversationDto): Promise<string | null> {
    const wish = { department: input.department ?? null, skills: input.skills ?? [] };
    if (input.agent_id === undefined || input.agent_id === null) {
      if ((await this.routing.findAgent(principal.organizationId, wish)) === null) return null;
      // Whoever was put back while agents were free waits for an occasion, and goes before those who come now.
      await this.routing.drainQueue(principal.organizationId);
      return this.routing.findAgent(principal.organizationId, wish);
    }
    const agent = await this.agents.find(principal.organizationId, input.agent_id);
    if (agent === null || !agent.enabled) throw invalidField('agent_id', 'agent.not_found', `There is no enabled agent ${JSON.stringify(input.agent_id)}.`);
    return agent.id;
  }
}
