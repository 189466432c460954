import { Entity, Index } from 'typeorm';
import { CodeColumn, FlagColumn, IdColumn, InstantColumn, JsonColumn, NumberColumn, PrimaryIdColumn, SerialColumn, TextColumn } from '../database/columns.js';

/** The event log. A row is written in the transaction of the change that it tells of. */
@Entity('events')
@Index('events_id', ['id'], { unique: true })
@Index('events_position', ['organization_id', 'position'], { unique: true })
@Index('events_occurred', ['organization_id', 'announced', 'occurred_at'])
export class EventEntity {
  /** Order of insertion; within one conversation that is the order of commit. */
  @SerialColumn() number: number;
  @IdColumn() id: string;
  @IdColumn() organization_id: string;
  /** Given after commit: 1, 2, 3 … within the organization, without holes. */
  @NumberColumn({ nullable: true }) position: number | null;
  @CodeColumn(64) type: string;
  @InstantColumn() occurred_at: number;
  @JsonColumn() data: Record<string, unknown>;
  @IdColumn({ nullable: true }) conversation_id: string | null;
  @IdColumn({ nullable: true }) agent_id: string | null;
  @TextColumn(100, { nullable: true }) department: string | null;
  @TextColumn(64, { nullable: true }) channel: string | null;
  @FlagColumn() queued: boolean;
  @FlagColumn() shared: boolean;
  /** False for history that was brought in quietly: no callback tells of it, recovered or not. */
  @FlagColumn({ default: 1 }) announced: boolean;
}

/** The last position given in an organization; the sequencer's lock. */
@Entity('event_positions')
export class EventPositionEntity {
  @PrimaryIdColumn() organization_id: string;
  @NumberColumn() last_position: number;
}
