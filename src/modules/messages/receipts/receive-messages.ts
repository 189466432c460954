import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { invalidField, notFound } from '../../../kernel/domain-error.js';
import { domainEvent } from '../../../kernel/domain-event.js';
import type { Principal } from '../../../kernel/principal.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { validate } from '../../../platform/http/validation/validation.pipe.js';
import { Outbox } from '../../../platform/outbox/outbox.js';
import { Agents } from '../../agents/agents.contract.js';
import { Conversations } from '../../conversations/conversations.contract.js';
import type { LockedConversation } from '../../conversations/conversations.contract.js';
import { MessageReceipts } from './message-receipts.contract.js';
import type { Receipt, ReceiptKind } from './message-receipts.contract.js';
import type { MessageReceiptEntity } from './message-receipt.entity.js';
import { resolveReader } from './reader.js';
import { SocketReceiptDto } from './receipts.dto.js';
import type { ReceiptDto } from './receipts.dto.js';
import { ReceiptsRepository } from './receipts.repository.js';

/** Notes how far each side has got: one row for a conversation, however many messages it has. */
@Injectable()
export class ReceiveMessages extends MessageReceipts {
  constructor(
    private readonly receipts: ReceiptsRepository,
    private readonly conversations: Conversations,
    private readonly agents: Agents,
    private readonly unitOfWork: UnitOfWork,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
  ) {
    super();
  }

  receive(principal: Principal, kind: ReceiptKind, body: unknown): Promise<Receipt> {
    const { conversation_id, ...input } = validate(SocketReceiptDto, body);
    return this.note(principal, kind, conversation_id, input);
  }

  async note(principal: Principal, kind: ReceiptKind, conversationId: string, input: ReceiptDto): Promise<Receipt> {
    return this.unitOfWork.run(async () => {
      const conversation = (await this.conversations.lock([conversationId])).get(conversationId);
      if (conversation === undefined || !this.conversations.isVisible(principal, conversation)) throw notFound('conversation', conversationId);
      const reader = resolveReader(principal, input.reader, conversation);
      if (reader.type === 'agent' && reader.id !== principal.id) await this.assertAgent(principal, reader.id);
      const before = await this.receipts.find(conversationId);
      const after = { ...before };
      const side = reader.type === 'visitor' ? 'visitor' : 'desk';
      const upTo = Math.min(input.up_to_seq ?? Infinity, conversation.lastSeq);
      after[`${side}_delivered`] = Math.max(before[`${side}_delivered`], upTo);
      if (kind === 'read') after[`${side}_read`] = Math.max(before[`${side}_read`], upTo);
      const unread = await this.receipts.ofVisitorAfter(conversationId, after.desk_read);
      const place: `${typeof side}_${ReceiptKind}` = `${side}_${kind}`;
      const receipt: Receipt = { conversation_id: conversationId, reader, up_to_seq: after[place], unread_count: unread };
      if (after[place] > before[place]) await this.save(kind, conversation, receipt, { before: before[place], after });
      return receipt;
    });
  }

  private async save(kind: ReceiptKind, conversation: LockedConversation, receipt: Receipt, { before, after }: { before: number; after: MessageReceiptEntity }): Promise<void> {
    await this.receipts.save(after);
    if (kind === 'read' && receipt.reader.type === 'agent') await this.conversations.setUnread(conversation.id, receipt.unread_count);
    this.outbox.append(
      domainEvent(
        conversation.organizationId,
        kind === 'read' ? 'message.read' : 'message.delivered',
        this.clock.now(),
        { ...receipt, previous_up_to_seq: before, visitor_id: conversation.visitorId, agent_id: conversation.agentId },
        this.conversations.subjectOf(conversation),
      ),
    );
  }

  private async assertAgent(principal: Principal, id: string | null): Promise<void> {
    if (id === null || (await this.agents.find(principal.organizationId, id)) !== null) return;
    throw invalidField('reader.id', 'agent.not_found', `There is no agent ${JSON.stringify(id)}.`);
  }
}
