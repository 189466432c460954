import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { DomainError, invalidField } from '../../kernel/domain-error.js';
import type { Principal } from '../../kernel/principal.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { assertMatch } from '../../platform/http/etag.js';
import { Agents } from '../agents/agents.contract.js';
import { Departments } from '../departments/departments.contract.js';
import { Organizations } from '../organizations/organizations.contract.js';
import { ConversationWriter, servingAgent } from './conversation-writer.js';
import type { Occasion } from './conversation-writer.js';
import type { ConversationEntity } from './conversation.entity.js';
import { CONVERSATION_WRITABLE } from './conversations.dto.js';
import { ConversationsRepository } from './conversations.repository.js';
import { toConversationView } from './conversations.view.js';
import { allowedMoves } from './domain/conversation-status.js';
import { RoutingService } from './routing.service.js';

/** Writes into `after` what shall be; what it throws leaves everything as it is. */
export type Decision = (before: ConversationEntity, after: ConversationEntity) => Promise<Omit<Occasion, 'actorId'> | void>;

/** What all changes of a conversation by a caller have in common: under the routing lock, with the queue served afterwards. */
@Injectable()
export class ChangeConversation {
  constructor(
    private readonly conversations: ConversationsRepository,
    private readonly writer: ConversationWriter,
    private readonly routing: RoutingService,
    private readonly agents: Agents,
    private readonly departments: Departments,
    private readonly organizations: Organizations,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  async change(principal: Principal, id: string, decide: Decision, ifMatch?: string): Promise<ConversationEntity> {
    return this.unitOfWork.run(async () => {
      await this.organizations.lockRouting(principal.organizationId);
      const before = await this.conversations.getForUpdate(principal, id);
      assertMatch(ifMatch, toConversationView(before, null), CONVERSATION_WRITABLE);
      const after: ConversationEntity = { ...before };
      const occasion = (await decide(before, after)) ?? {};
      if (after.status === 'queued' && (after.department !== before.department || before.status === 'closed')) {
        after.off_hours = !(await this.departments.isOpen(after.organization_id, after.department, this.clock.now()));
      }
      const changed = await this.writer.write(before, after, { ...occasion, actorId: principal.id });
      if (changed.length === 0) return before;
      return this.serve(before, after, changed, occasion);
    });
  }

  /** The named agent; throws where it does not exist or is disabled, or has no room. */
  async assertRoom(organizationId: string, agentId: string): Promise<void> {
    const agent = await this.agents.find(organizationId, agentId);
    if (agent?.enabled !== true) throw invalidField('agent_id', 'agent.not_found', `There is no enabled agent ${JSON.stringify(agentId)}.`);
    if (agent.freeCapacity > 0) return;
    throw agentAtCapacity();
  }

  /** The agent who had a conversation; null where that one is not online, or has no room. */
  async findFree(organizationId: string, { agent_id }: ConversationEntity): Promise<string | null> {
    const agent = agent_id === null ? null : await this.agents.find(organizationId, agent_id);
    return agent !== null && agent.enabled && agent.status === 'online' && agent.freeCapacity > 0 ? agent_id : null;
  }

  /** An agent who has one conversation less may take another; one that waits for something else may find an agent. */
  private async serve(before: ConversationEntity, after: ConversationEntity, changed: readonly string[], { kind }: Omit<Occasion, 'actorId'>): Promise<ConversationEntity> {
    const from = servingAgent(before);
    const freed = from !== null && from !== servingAgent(after);
    const asksAnew = kind === 'transferred' || kind === 'reopened' || changed.some((field) => field === 'department' || field === 'skills');
    const routed = after.status === 'queued' && asksAnew;
    // Who handed it on does not get it back at once; what was only put back is nobody's until something else happens.
    const putBack = routed && before.agent_id === null ? undefined : { conversationId: after.id, agentId: routed ? before.agent_id : null };
    if (freed || routed) await this.routing.drainQueue(after.organization_id, putBack);
    return routed ? this.conversations.getById(after.id) : after;
  }
}

export function conversationClosed(): DomainError {
  return new DomainError('conflict', 'conversation.closed', 'The conversation is closed; reopen it first.', { extra: { allowed: allowedMoves('closed') } });
}

export function agentAtCapacity(): DomainError {
  return new DomainError('conflict', 'agent.at_capacity', 'The agent has as many conversations as it takes.');
}
