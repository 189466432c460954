import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { DomainError, invalidField } from '../../kernel/domain-error.js';
import { newId } from '../../kernel/ids.js';
import { mayBeSeen } from '../../kernel/principal.js';
import type { Principal } from '../../kernel/principal.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { Outbox } from '../../platform/outbox/outbox.js';
import { Agents } from '../agents/agents.contract.js';
import { Departments } from '../departments/departments.contract.js';
import { Organizations } from '../organizations/organizations.contract.js';
import { Visitors } from '../visitors/visitors.contract.js';
import { AssignmentHistory } from './assignment-history.js';
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
    private readonly departments: Departments,
    private readonly history: AssignmentHistory,
    private readonly visitors: Visitors,
    private readonly organizations: Organizations,
    private readonly unitOfWork: UnitOfWork,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
  ) {}

  /** Begins a conversation and gives it to the named agent, to the one whom routing finds, or to the queue. */
  async create(principal: Principal, given: CreateConversationDto): Promise<ConversationEntity> {
    const input = inScope(principal, given);
    if ((input.visitor_id === undefined) === (input.visitor === undefined)) {
      throw invalidField('visitor_id', 'visitor.required', 'Give either visitor_id or visitor.');
    }
    return this.unitOfWork.run(async () => {
      await this.organizations.lockRouting(principal.organizationId);
      const visitorId = await this.visitorOf(principal, input);
      const now = this.clock.now();
      const department = input.department ?? null;
      const offHours = !(await this.departments.isOpen(principal.organizationId, department, now));
      const agentId = await this.agentFor(principal, input, offHours);
      if (agentId !== null) await this.agents.changeLoad(agentId, 1);
      const { assignmentTimeoutMs } = await this.departments.settingsOf(principal.organizationId, department);
      const accepted = agentId !== null && agentId === principal.id;
      const conversation: ConversationEntity = {
        id: newId('conversation'),
        organization_id: principal.organizationId,
        visitor_id: visitorId,
        agent_id: agentId,
        channel: input.channel ?? DEFAULT_CHANNEL,
        category: input.category ?? null,
        department,
        subject: input.subject ?? null,
        priority: input.priority ?? 'normal',
        skills: input.skills ?? [],
        tags: input.tags ?? [],
        metadata: input.metadata ?? {},
        status: agentId === null ? 'queued' : 'open',
        queued_at: accepted ? null : now,
        last_seq: 0,
        unread_count: 0,
        created_at: now,
        updated_at: now,
        assigned_at: agentId === null ? null : now,
        first_response_at: null,
        closed_at: null,
        closed_by: null,
        closed_reason: null,
        accepted_at: accepted ? now : null,
        accept_due_at: agentId === null || accepted || assignmentTimeoutMs === null ? null : now + assignmentTimeoutMs,
        avoided_agent_id: null,
        rating: null,
        rating_comment: null,
        rated_at: null,
        transfer_count: 0,
        last_message_at: null,
        off_hours: offHours,
        erased_at: null,
      };
      assertWithin(principal, conversation);
      await this.conversations.insert(conversation);
      this.outbox.append(conversationEvent('conversation.created', conversation, now));
      if (agentId !== null) await this.remember(principal, input, conversation);
      return conversation;
    });
  }

  private async remember(principal: Principal, { agent_id }: CreateConversationDto, conversation: ConversationEntity): Promise<void> {
    const { organization_id, id, department, created_at: at } = conversation;
    this.outbox.append(conversationEvent('conversation.assigned', conversation, at, { previous_agent_id: null }));
    const given = agent_id === conversation.agent_id;
    await this.history.add({
      organization_id, conversation_id: id, kind: 'assigned', agent_id: conversation.agent_id, department,
      previous_agent_id: null, previous_department: null, reason: null, actor_id: given ? principal.id : null, at,
    });
  }

  private async visitorOf(principal: Principal, { visitor_id, visitor }: CreateConversationDto): Promise<string> {
    if (visitor !== undefined) return this.visitors.upsert(principal, visitor);
    const held = await this.visitors.hold(principal.organizationId, visitor_id!);
    if (held === null) throw invalidField('visitor_id', 'visitor.not_found', `There is no visitor ${JSON.stringify(visitor_id)}.`);
    return held;
  }

  private async agentFor(principal: Principal, input: CreateConversationDto, offHours: boolean): Promise<string | null> {
    const wish = { department: input.department ?? null, skills: input.skills ?? [] };
    if (input.agent_id === undefined || input.agent_id === null) {
      if (offHours || (await this.routing.findAgent(principal.organizationId, wish)) === null) return null;
      // Whoever was put back while agents were free waits for an occasion, and goes before those who come now.
      await this.routing.drainQueue(principal.organizationId);
      return this.routing.findAgent(principal.organizationId, wish);
    }
    const agent = await this.agents.find(principal.organizationId, input.agent_id);
    if (agent === null || !agent.enabled) throw invalidField('agent_id', 'agent.not_found', `There is no enabled agent ${JSON.stringify(input.agent_id)}.`);
    return agent.id;
  }
}

/** Where nobody names them: the department and the channel that the caller is confined to, if there is just one. */
function inScope({ application }: Principal, given: CreateConversationDto): CreateConversationDto {
  const { departments = [], channels = [] } = application?.dataScope ?? {};
  const [department, channel] = [departments, channels].map((names) => (names.length === 1 ? names[0] : undefined));
  return { ...given, department: given.department === undefined ? department : given.department, channel: given.channel ?? channel };
}

/** A program that is confined makes nothing that it could not see afterwards. */
function assertWithin({ application }: Principal, { agent_id, department, channel, status }: ConversationEntity): void {
  const within = application?.dataScope ?? undefined;
  if (mayBeSeen({ kind: 'all', ...(within !== undefined && { within }) }, { agentId: agent_id, department, channel, queued: status === 'queued' })) return;
  throw new DomainError('forbidden', 'conversation.data_scope_exceeded', 'The conversation would belong to what this credential does not see: name a department, channel and agent within its data scope.');
}
