import { Entity, Index } from 'typeorm';
import { CodeColumn, FlagColumn, IdColumn, InstantColumn, NumberColumn, PrimaryIdColumn } from '../../../platform/database/columns.js';

export type RecoveryStatus = 'running' | 'succeeded' | 'cancelled' | 'failed';

/** The record of a recovery: how far it is, and who works on it. */
@Entity('callback_recoveries')
@Index('callback_recoveries_running', ['running_for'], { unique: true })
@Index('callback_recoveries_created', ['callback_id', 'created_at', 'id'])
@Index('callback_recoveries_finished', ['finished_at'])
export class RecoveryEntity {
  @PrimaryIdColumn() id: string;
  @IdColumn() organization_id: string;
  @IdColumn() callback_id: string;
  /** The endpoint while it runs, null afterwards: the unique key lets no second one begin. */
  @IdColumn({ nullable: true }) running_for: string | null;
  @CodeColumn(16) status: RecoveryStatus;
  @InstantColumn() since_at: number;
  @InstantColumn() until_at: number;
  @FlagColumn() include_succeeded: boolean;
  /** Events in the range, as of the start. */
  @NumberColumn() total: number;
  @NumberColumn({ default: 0 }) done: number;
  @NumberColumn({ default: 0 }) recovered: number;
  /** The last event that was looked at: `occurred_at`, then `number`. */
  @InstantColumn({ nullable: true }) seen_at: number | null;
  @NumberColumn({ nullable: true }) seen_number: number | null;
  @CodeColumn(40, { nullable: true }) claim_token: string | null;
  /** After this another worker goes on with it. */
  @InstantColumn({ nullable: true }) claimed_until: number | null;
  @InstantColumn() created_at: number;
  @InstantColumn({ nullable: true }) finished_at: number | null;
}
