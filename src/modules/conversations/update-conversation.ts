import { Injectable } from '@nestjs/common';
import { DomainError, invalidField } from '../../kernel/domain-error.js';
import type { Principal } from '../../kernel/principal.js';
import { Agents } from '../agents/agents.contract.js';
import { ChangeConversation, agentAtCapacity, conversationClosed } from './change-conversation.js';
import type { ConversationEntity } from './conversation.entity.js';
import type { UpdateConversationDto } from './conversations.dto.js';
import { assertMove, occupiesAgent } from './domain/conversation-status.js';
import type { ConversationStatus } from './domain/conversation-status.js';
import { RoutingService } from './routing.service.js';

/** Changes of fields, agent and status by whoever writes them. */
@Injectable()
export class UpdateConversation {
  constructor(
    private readonly changes: ChangeConversation,
    private readonly routing: RoutingService,
    private readonly agents: Agents,
  ) {}

  async update(principal: Principal, id: string, input: UpdateConversationDto, ifMatch?: string): Promise<ConversationEntity> {
    const { agent_id, status, ...fields } = input;
    return this.changes.change(principal, id, async (before, after) => {
      Object.assign(after, fields);
      await this.applyAgentAndStatus(principal, before, after, agent_id, status);
    }, ifMatch);
  }

  /** Ends the conversation; ending it again changes nothing. */
  async close(principal: Principal, id: string, ifMatch?: string): Promise<ConversationEntity> {
    return this.changes.change(principal, id, async (_, after) => {
      after.status = 'closed';
    }, ifMatch);
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
    after.agent_id = await this.agentAfter(principal, before, after, given, agentId !== undefined);
    if (target === 'queued') after.avoided_agent_id = null;
  }

  /** Who names an agent may give it more than it takes. */
  private async agentAfter(
    principal: Principal,
    before: ConversationEntity,
    after: ConversationEntity,
    given: string | null | undefined,
    named: boolean,
  ): Promise<string | null> {
    if (after.status === 'queued') return null;
    if (after.status === 'closed') return before.agent_id;
    const wanted = given ?? before.agent_id ?? (principal.kind === 'agent' ? principal.id : null);
    if (wanted !== null) {
      const agent = await this.agents.find(principal.organizationId, wanted);
      const takes = named || occupiesAgent(before.status) || (agent !== null && agent.freeCapacity > 0);
      if (agent?.enabled === true && takes) return wanted;
      if (given !== undefined) throw invalidField('agent_id', 'agent.not_found', `There is no enabled agent ${JSON.stringify(given)}.`);
      if (agent?.enabled === true && wanted === principal.id) throw agentAtCapacity();
    }
    const found = await this.routing.findAgent(principal.organizationId, after);
    if (found !== null) return found;
    throw new DomainError('conflict', 'conversation.no_agent_available', 'No agent is free; name one in agent_id, or leave the conversation in the queue.');
  }
}

/** What becomes of the status when only the agent is given. */
function targetOf(before: ConversationEntity, given: string | null | undefined): ConversationStatus {
  if (given === undefined) return before.status;
  if (before.status === 'closed') throw conversationClosed();
  if (given === null) return 'queued';
  return before.status === 'queued' ? 'open' : before.status;
}

function assertFits(target: ConversationStatus, given: string | null | undefined): void {
  if (given === undefined || (occupiesAgent(target) ? given !== null : target === 'queued' && given === null)) return;
  throw invalidField('agent_id', 'conversation.agent_unfit', `This agent_id does not go with the status ${target}.`);
}
