import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { DomainError, invalidField } from '../../kernel/domain-error.js';
import type { Principal } from '../../kernel/principal.js';
import { allowedMoves } from './domain/conversation-status.js';
import { ChangeConversation, conversationClosed } from './change-conversation.js';
import type { ConversationEntity } from './conversation.entity.js';
import type { TransferConversationDto } from './assignments.dto.js';

/** Who gets a conversation by somebody's decision: given, taken, handed on. Nobody gets more than it takes. */
@Injectable()
export class AssignConversation {
  constructor(
    private readonly changes: ChangeConversation,
    private readonly clock: Clock,
  ) {}

  /** Gives it to an agent; changes nothing where that one has it. */
  async assign(principal: Principal, id: string, agentId: string): Promise<ConversationEntity> {
    return this.changes.change(principal, id, async (before, after) => {
      if (before.status === 'closed') throw conversationClosed();
      if (before.agent_id === agentId) return;
      await this.changes.assertRoom(principal.organizationId, agentId);
      after.agent_id = agentId;
      if (before.status === 'queued') after.status = 'open';
    });
  }

  /** Its agent takes it up; out of the queue an agent takes it for itself. */
  async accept(principal: Principal, id: string): Promise<ConversationEntity> {
    return this.changes.change(principal, id, async (before, after) => {
      if (before.status === 'closed') throw conversationClosed();
      if (before.status === 'queued') {
        if (principal.kind !== 'agent') throw new DomainError('conflict', 'conversation.not_assigned', 'Nobody has the conversation, so nobody can accept it: assign it to an agent.');
        await this.changes.assertRoom(principal.organizationId, principal.id);
        Object.assign(after, { agent_id: principal.id, status: 'open' });
      } else if (principal.kind === 'agent' && before.agent_id !== principal.id) {
        throw new DomainError('conflict', 'conversation.assigned_to_another', 'Another agent has the conversation; transfer it.', { extra: { agent_id: before.agent_id } });
      } else {
        after.accepted_at ??= this.clock.now();
      }
    });
  }

  /** Hands it on to an agent, or to a department, where it is routed anew. Changes nothing where it is there already. */
  async transfer(principal: Principal, id: string, { agent_id, department, reason = null }: TransferConversationDto): Promise<ConversationEntity> {
    if ((agent_id === undefined) === (department === undefined)) {
      throw invalidField('agent_id', 'conversation.transfer_target', 'Give either agent_id or department.');
    }
    return this.changes.change(principal, id, async (before, after) => {
      if (before.status === 'closed') throw conversationClosed();
      if (agent_id !== undefined) {
        if (before.agent_id === agent_id) return;
        await this.changes.assertRoom(principal.organizationId, agent_id);
        Object.assign(after, { agent_id, status: 'open' });
      } else {
        if (before.department === department && before.status === 'queued') return;
        Object.assign(after, { agent_id: null, status: 'queued', department, avoided_agent_id: before.agent_id });
      }
      after.transfer_count = before.transfer_count + 1;
      return { kind: 'transferred', reason };
    });
  }

  /** Back to the agent who had it, when that one is online and has room, otherwise through routing. */
  async reopen(principal: Principal, id: string): Promise<ConversationEntity> {
    return this.changes.change(principal, id, async (before, after) => {
      if (before.status !== 'closed') {
        throw new DomainError('conflict', 'conversation.not_closed', `A conversation that is ${before.status} cannot be reopened.`, { extra: { allowed: allowedMoves(before.status) } });
      }
      const former = await this.changes.findFree(principal.organizationId, before);
      Object.assign(after, former === null ? { agent_id: null, status: 'queued', avoided_agent_id: null } : { status: 'open' });
      return { kind: 'reopened' };
    });
  }
}
