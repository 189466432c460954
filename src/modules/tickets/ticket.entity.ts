import { Entity, ForeignKey, Index } from 'typeorm';
import { CodeColumn, IdColumn, InstantColumn, JsonColumn, LongTextColumn, PrimaryIdColumn, TextColumn } from '../../platform/database/columns.js';
import type { TicketPriority, TicketStatus } from './domain/ticket-status.js';

/** The due date of tickets that have none: lists are sorted by it, and pages are cut by values. The last instant that there is. */
export const NEVER_DUE = 8_640_000_000_000_000;

@Entity('tickets')
@Index('tickets_external_id', ['organization_id', 'external_id'], { unique: true })
@Index('tickets_leave_message', ['leave_message_of'], { unique: true })
@Index('tickets_created', ['organization_id', 'created_at', 'id'])
@Index('tickets_updated', ['organization_id', 'updated_at', 'id'])
@Index('tickets_due', ['organization_id', 'due_at', 'id'])
@Index('tickets_status', ['organization_id', 'status', 'created_at', 'id'])
@Index('tickets_handler', ['organization_id', 'handler', 'created_at', 'id'])
@Index('tickets_customer', ['organization_id', 'customer_id', 'created_at', 'id'])
@Index('tickets_agent', ['agent_id', 'status'])
@Index('tickets_conversation', ['conversation_id', 'created_at', 'id'])
@Index('tickets_visitor', ['visitor_id', 'created_at', 'id'])
export class TicketEntity {
  @PrimaryIdColumn() id: string;
  @ForeignKey('organizations', { name: 'tickets_organization_fk' })
  @IdColumn() organization_id: string;
  /** The `ticket_id` of the API: the outside system's, or the ticket's own id. */
  @TextColumn(191) external_id: string;
  /** Empty once the visitor's data was erased. */
  @TextColumn(500) title: string;
  @LongTextColumn({ nullable: true }) content: string | null;
  @CodeColumn(16) priority: TicketPriority;
  @TextColumn(100, { nullable: true }) category: string | null;
  @CodeColumn(16) status: TicketStatus;
  /** An agent of ours by its id, or whom the outside system names. */
  @TextColumn(191, { nullable: true }) handler: string | null;
  /** The handler when it is an agent of ours. */
  @ForeignKey('agents', { name: 'tickets_agent_fk' })
  @IdColumn({ nullable: true }) agent_id: string | null;
  @TextColumn(100, { nullable: true }) department: string | null;
  /** That of its conversation. */
  @TextColumn(64, { nullable: true }) channel: string | null;
  @ForeignKey('conversations', { name: 'tickets_conversation_fk' })
  @IdColumn({ nullable: true }) conversation_id: string | null;
  /** Whose conversation it came from; stays when the conversation is taken off the ticket. */
  @IdColumn({ nullable: true }) visitor_id: string | null;
  @TextColumn(191, { nullable: true }) customer_id: string | null;
  @InstantColumn() due_at: number;
  @JsonColumn() tags: string[];
  /** When the status was written last, by the clock of who wrote it; null until that is done after the ticket was made. */
  @InstantColumn({ nullable: true }) status_at: number | null;
  /** The statuses that were written at `status_at`. */
  @JsonColumn() status_written: TicketStatus[];
  /** The conversation whose off-hours messages it holds; one ticket for each. */
  @IdColumn({ nullable: true }) leave_message_of: string | null;
  @InstantColumn() created_at: number;
  @InstantColumn() updated_at: number;
}

/** What the filter by tag looks into. */
@Entity('ticket_tags')
@Index('ticket_tags_tag', ['organization_id', 'tag', 'ticket_id'])
export class TicketTagEntity {
  @ForeignKey('tickets', { name: 'ticket_tags_ticket_fk' })
  @PrimaryIdColumn() ticket_id: string;
  @PrimaryIdColumn(100) tag: string;
  @IdColumn() organization_id: string;
}
