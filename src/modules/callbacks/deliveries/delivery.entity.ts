import { Entity, Index } from 'typeorm';
import {
  CodeColumn, CountColumn, FlagColumn, IdColumn, InstantColumn, JsonColumn, LongTextColumn, NumberColumn, PrimaryIdColumn, SerialColumn,
} from '../../../platform/database/columns.js';
import type { DeliveryStatus } from './delivery-status.js';

@Entity('callback_deliveries')
@Index('callback_deliveries_due', ['callback_id', 'due_at'])
@Index('callback_deliveries_created', ['callback_id', 'created_at', 'id', 'event'])
@Index('callback_deliveries_status', ['callback_id', 'status', 'created_at', 'id'])
@Index('callback_deliveries_conversation', ['callback_id', 'conversation_id', 'event_number'])
@Index('callback_deliveries_batch', ['batch_id'])
export class DeliveryEntity {
  @PrimaryIdColumn() id: string;
  @IdColumn() organization_id: string;
  @IdColumn() callback_id: string;
  @IdColumn() event_id: string;
  @CodeColumn(64) event: string;
  @CodeColumn(16) status: DeliveryStatus;
  @CountColumn({ default: 0 }) attempt_count: number;
  /** Attempts since the schedule last began: a retry by hand begins it anew. */
  @CountColumn({ default: 0 }) schedule_index: number;
  /**
   * When a pump may take it next: the next attempt's time while it waits, the end of the claim while it is being
   * delivered, null when nothing is left to do. One column, so that one index finds both.
   */
  @InstantColumn({ nullable: true }) due_at: number | null;
  /** Names the claim under which it is being delivered: a result is recorded only under that. */
  @CodeColumn(40, { nullable: true }) claim_token: string | null;
  /** Null where order does not matter: the endpoint does not ask for it, no conversation is concerned, or the delivery has ended. */
  @IdColumn({ nullable: true }) conversation_id: string | null;
  /** The event's number, which within a conversation is the order of commits; with `ordering` only. */
  @NumberColumn({ nullable: true }) event_number: number | null;
  /** Those that were sent in one request, and are sent again together; the request's `webhook-id`. */
  @IdColumn({ nullable: true }) batch_id: string | null;
  @CountColumn({ nullable: true }) last_status_code: number | null;
  /** What its event said of a visitor was erased: what the receiver answers is not kept either. */
  @FlagColumn({ default: 0 }) erased: boolean;
  @InstantColumn() created_at: number;
  @InstantColumn({ nullable: true }) succeeded_at: number | null;
}

/** A batch that a delivery has left: its answers are kept with all that went in it, and are erased with any of those. */
@Entity('callback_former_batches')
@Index('callback_former_batches_batch', ['batch_id'])
export class FormerBatchEntity {
  @PrimaryIdColumn() delivery_id: string;
  @PrimaryIdColumn() batch_id: string;
}

@Entity('callback_attempts')
@Index('callback_attempts_delivery', ['delivery_id', 'attempt'])
export class AttemptEntity {
  @SerialColumn() number: number;
  @IdColumn() delivery_id: string;
  @CountColumn() attempt: number;
  @InstantColumn() started_at: number;
  @CountColumn() duration_ms: number;
  @CountColumn({ nullable: true }) status_code: number | null;
  @CodeColumn(32, { nullable: true }) error_class: string | null;
  @LongTextColumn({ nullable: true }) error_message: string | null;
  @JsonColumn({ nullable: true }) response_headers: Record<string, string> | null;
  /** The first 4 KiB in base64: a receiver may answer any bytes. */
  @LongTextColumn({ nullable: true }) response_body: string | null;
}
