import { Injectable } from '@nestjs/common';
import { addRows, placeholders } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import type { MessageEntity } from '../message.entity.js';
import { MessageReceiptEntity } from './message-receipt.entity.js';

/** Who has received: the visitor, or the agents, bots and applications on the other side. */
export type Side = 'desk' | 'visitor';

const COLUMNS = ['conversation_id', 'desk_delivered', 'desk_read', 'visitor_delivered', 'visitor_read'] as const;

@Injectable()
export class ReceiptsRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** The conversation must be locked. */
  async find(conversationId: string): Promise<MessageReceiptEntity> {
    const known = await this.unitOfWork.manager.findOneBy(MessageReceiptEntity, { conversation_id: conversationId });
    return known ?? { conversation_id: conversationId, desk_delivered: 0, desk_read: 0, visitor_delivered: 0, visitor_read: 0 };
  }

  /** The conversation must be locked. */
  async save(receipt: MessageReceiptEntity): Promise<void> {
    const { conversation_id, ...seqs } = receipt;
    const { affected } = await this.unitOfWork.transaction.update(MessageReceiptEntity, { conversation_id }, seqs);
    if (affected === 0) await this.unitOfWork.transaction.insert(MessageReceiptEntity, receipt);
  }

  /** Of conversations that are new in this unit: up to which seq each side has read. */
  async addRead(read: readonly { conversationId: string; desk: number; visitor: number }[]): Promise<void> {
    await addRows(this.unitOfWork, 'message_receipts', COLUMNS, read.map(({ conversationId, desk, visitor }) => [conversationId, desk, desk, visitor, visitor]));
  }

  /** How many messages of the visitor come after this seq. */
  async ofVisitorAfter(conversationId: string, seq: number): Promise<number> {
    const [row] = await this.unitOfWork.query<{ unread: number }>(
      "SELECT COUNT(*) AS unread FROM messages WHERE conversation_id = ? AND seq > ? AND sender_type = 'visitor'",
      [conversationId, seq],
    );
    return Number(row!.unread);
  }

  /** The messages with the status that follows from what their receivers have told. */
  async withStatus(messages: readonly MessageEntity[]): Promise<MessageEntity[]> {
    const ids = [...new Set(messages.map(({ conversation_id }) => conversation_id))];
    if (ids.length === 0) return [];
    const receipts = await this.unitOfWork.query<MessageReceiptEntity>(`SELECT * FROM message_receipts WHERE conversation_id IN (${placeholders(ids.length)})`, ids);
    const byConversation = new Map(receipts.map((receipt) => [receipt.conversation_id, receipt]));
    return messages.map((message) => ({ ...message, status: statusOf(message, byConversation.get(message.conversation_id)) }));
  }
}

function statusOf({ sender_type, seq, status }: MessageEntity, receipt: MessageReceiptEntity | undefined): MessageEntity['status'] {
  if (receipt === undefined) return status;
  const [read, delivered] = sender_type === 'visitor' ? [receipt.desk_read, receipt.desk_delivered] : [receipt.visitor_read, receipt.visitor_delivered];
  return seq <= read ? 'read' : seq <= delivered ? 'delivered' : status;
}
