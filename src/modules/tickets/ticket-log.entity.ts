import { Entity, ForeignKey, Index } from 'typeorm';
import { CodeColumn, IdColumn, InstantColumn, JsonColumn, LongTextColumn, PrimaryIdColumn, TextColumn } from '../../platform/database/columns.js';

export type AuthorType = 'agent' | 'application' | 'visitor';

@Entity('ticket_comments')
@Index('ticket_comments_created', ['ticket_id', 'created_at', 'id'])
export class TicketCommentEntity {
  @PrimaryIdColumn() id: string;
  @ForeignKey('tickets', { name: 'ticket_comments_ticket_fk' })
  @IdColumn() ticket_id: string;
  /** Empty once the visitor's data was erased, or the message recalled that it was. */
  @LongTextColumn() content: string;
  @CodeColumn(16) author_type: AuthorType;
  @IdColumn() author_id: string;
  /** Whom an application names as the author. */
  @TextColumn(191, { nullable: true }) author_name: string | null;
  @InstantColumn() created_at: number;
}

/** One field of a ticket that was changed. */
@Entity('ticket_changes')
@Index('ticket_changes_created', ['ticket_id', 'created_at', 'id'])
export class TicketChangeEntity {
  @PrimaryIdColumn() id: string;
  @ForeignKey('tickets', { name: 'ticket_changes_ticket_fk' })
  @IdColumn() ticket_id: string;
  @CodeColumn(32) field: string;
  @JsonColumn() old_value: unknown;
  @JsonColumn() new_value: unknown;
  /** The agent, key or client; `system` for the service itself. */
  @IdColumn() changed_by: string;
  @IdColumn({ nullable: true }) application_id: string | null;
  @InstantColumn() created_at: number;
}
