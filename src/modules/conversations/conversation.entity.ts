import { Entity, ForeignKey, Index } from 'typeorm';
import {
  CodeColumn, CountColumn, FlagColumn, IdColumn, InstantColumn, JsonColumn, PrimaryIdColumn, TextColumn,
} from '../../platform/database/columns.js';
import type { ConversationPriority, ConversationStatus } from './domain/conversation-status.js';

@Entity('conversations')
@Index('conversations_created', ['organization_id', 'created_at', 'id'])
@Index('conversations_queue', ['organization_id', 'status', 'queued_at'])
@Index('conversations_agent', ['agent_id', 'status'])
@Index('conversations_visitor', ['visitor_id', 'created_at'])
@Index('conversations_accept_due', ['accept_due_at'])
@Index('conversations_closed', ['organization_id', 'closed_at'])
@Index('conversations_department', ['organization_id', 'department', 'created_at', 'id'])
@Index('conversations_rating', ['organization_id', 'rating', 'created_at', 'id'])
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
  /** Since when it waits for an agent, or for the one who has it to take it up: its place in the queue. Null while it does not. */
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
  /** Why it ended: `ended` by somebody, `inactivity`. */
  @CodeColumn(32, { nullable: true }) closed_reason: string | null;
  /** When its agent took it up: by accepting it, by a first message, or by another change. Null again with each new agent. */
  @InstantColumn({ nullable: true }) accepted_at: number | null;
  /** When it is taken back unless it has been accepted; null where nobody waits for that. */
  @InstantColumn({ nullable: true }) accept_due_at: number | null;
  /** The agent who let it wait: the others are asked first. */
  @IdColumn({ nullable: true }) avoided_agent_id: string | null;
  @CountColumn({ nullable: true }) rating: number | null;
  @TextColumn(2000, { nullable: true }) rating_comment: string | null;
  @InstantColumn({ nullable: true }) rated_at: number | null;
  @CountColumn({ default: 0 }) transfer_count: number;
  @InstantColumn({ nullable: true }) last_message_at: number | null;
  /** It came outside of its department's business hours, and waits until they begin. */
  @FlagColumn({ default: 0 }) off_hours: boolean;
  /** When its visitor was deleted: it is closed then, holds nothing that was said, and stays so. */
  @InstantColumn({ nullable: true }) erased_at: number | null;
}
