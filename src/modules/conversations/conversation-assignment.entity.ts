import { Entity, ForeignKey, Index } from 'typeorm';
import { CodeColumn, IdColumn, InstantColumn, PrimaryIdColumn, TextColumn } from '../../platform/database/columns.js';

export const ASSIGNMENT_KINDS = ['assigned', 'accepted', 'transferred', 'timed_out', 'returned', 'reopened'] as const;
export type AssignmentKind = (typeof ASSIGNMENT_KINDS)[number];

/** One step of a conversation's way through agents and departments. */
@Entity('conversation_assignments')
@Index('conversation_assignments_conversation', ['conversation_id', 'at', 'id'])
@Index('conversation_assignments_recent', ['organization_id', 'kind', 'at'])
export class ConversationAssignmentEntity {
  @PrimaryIdColumn() id: string;
  @IdColumn() organization_id: string;
  @ForeignKey('conversations', { name: 'conversation_assignments_conversation_fk' })
  @IdColumn() conversation_id: string;
  @CodeColumn(16) kind: AssignmentKind;
  @IdColumn({ nullable: true }) agent_id: string | null;
  @TextColumn(100, { nullable: true }) department: string | null;
  @IdColumn({ nullable: true }) previous_agent_id: string | null;
  @TextColumn(100, { nullable: true }) previous_department: string | null;
  @TextColumn(500, { nullable: true }) reason: string | null;
  /** The agent or credential that did it; null for the service itself. */
  @IdColumn({ nullable: true }) actor_id: string | null;
  @InstantColumn() at: number;
}
