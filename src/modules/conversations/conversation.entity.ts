import { Entity, ForeignKey, Index } from 'typeorm';
import {
  CodeColumn, CountColumn, IdColumn, InstantColumn, JsonColumn, PrimaryIdColumn, TextColumn,
} from '../../platform/database/columns.js';
import type { ConversationPriority, ConversationStatus } from './domain/conversation-status.js';

@Entity('conversations')
@Index('conversations_created', ['organization_id', 'created_at', 'id'])
@Index('conversations_queue', ['organization_id', 'status', 'queued_at'])
@Index('conversations_agent', ['agent_id', 'status'])
@Index('conversations_visitor', ['visitor_id', 'created_at'])
export class ConversationEntity {
  @PrimaryIdColumn() id: string;
  @IdColumn() organization_id: string;
  @ForeignKey('visitors', { name: 'conversations_visitor_fk' })
  @IdColumn() visitor_id: string;
  @ForeignKey('agents', { name: 'conversations_agent_fk' })
  @IdColumn({ nullable: true }) agent_id: string | null;
  @TextColumn(64) channel: string;
  @TextColumn(100, { nullable: true }) category: string | null;
  @TextColumn(100, { nullable: true }) department: string | null;
  @TextColumn(500, { nullable: true }) subject: string | null;
  @CodeColumn(16) priority: ConversationPriority;
  @JsonColumn() skills: string[];
  @JsonColumn() tags: string[];
  @JsonColumn() metadata: Record<string, unknown>;
  @CodeColumn(16) status: ConversationStatus;
  /** When it began to wait for an agent; null while it does not. */
  @InstantColumn({ nullable: true }) queued_at: number | null;
  /** The seq of the newest message, and so the number of messages: recalled ones stay as tombstones. */
  @CountColumn({ default: 0 }) last_seq: number;
  /** Messages by the visitor that no agent has read. */
  @CountColumn({ default: 0 }) unread_count: number;
  @InstantColumn() created_at: number;
  @InstantColumn() updated_at: number;
  @InstantColumn({ nullable: true }) assigned_at: number | null;
  @InstantColumn({ nullable: true }) first_response_at: number | null;
  @InstantColumn({ nullable: true }) closed_at: number | null;
  @IdColumn({ nullable: true }) closed_by: string | null;
}
