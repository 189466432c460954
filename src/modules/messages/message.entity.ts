import { Entity, ForeignKey, Index } from 'typeorm';
import {
  CodeColumn, CountColumn, IdColumn, InstantColumn, JsonColumn, SerialColumn, TextColumn,
} from '../../platform/database/columns.js';
import type { MessageStatus, MessageType, SenderType } from './messages.contract.js';

@Entity('messages')
@Index('messages_id', ['id'], { unique: true })
@Index('messages_seq', ['conversation_id', 'seq'], { unique: true })
@Index('messages_client_msg_no', ['conversation_id', 'client_msg_no'], { unique: true })
@Index('messages_organization', ['organization_id', 'number'])
@Index('messages_created', ['organization_id', 'created_at', 'number'])
export class MessageEntity {
  @SerialColumn() number: number;
  @IdColumn() id: string;
  @IdColumn() organization_id: string;
  @ForeignKey('conversations', { name: 'messages_conversation_fk' })
  @IdColumn() conversation_id: string;
  @CountColumn() seq: number;
  @CodeColumn(16) sender_type: SenderType;
  @TextColumn(64, { nullable: true }) sender_id: string | null;
  @CodeColumn(16) type: MessageType;
  /** A string for text, an object otherwise; null once the message is recalled. */
  @JsonColumn({ nullable: true }) content: string | Record<string, unknown> | null;
  @JsonColumn() metadata: Record<string, unknown>;
  @TextColumn(100, { nullable: true }) client_msg_no: string | null;
  @CodeColumn(16) status: MessageStatus;
  @InstantColumn() created_at: number;
  @InstantColumn({ nullable: true }) edited_at: number | null;
  @InstantColumn({ nullable: true }) deleted_at: number | null;
}
