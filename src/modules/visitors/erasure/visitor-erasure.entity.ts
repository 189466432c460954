import { Entity, Index } from 'typeorm';
import { CodeColumn, FlagColumn, IdColumn, InstantColumn, JsonColumn, PrimaryIdColumn } from '../../../platform/database/columns.js';

/** The record of an erasure: how far it is. */
@Entity('visitor_erasures')
@Index('visitor_erasures_running', ['running'])
export class VisitorErasureEntity {
  @PrimaryIdColumn() visitor_id: string;
  @IdColumn() organization_id: string;
  /** Null when it has ended, so that the index holds those that run. */
  @FlagColumn({ nullable: true }) running: boolean | null;
  /** The holding or the traces that are erased now; null before the first and after the last. */
  @CodeColumn(64, { nullable: true }) part: string | null;
  /** Where it is in the traces. */
  @CodeColumn(100, { nullable: true }) place: string | null;
  /** Rows by the name of what they belong to; what is not named was not begun. */
  @JsonColumn() erased: Record<string, number>;
  @InstantColumn() created_at: number;
  @InstantColumn({ nullable: true }) finished_at: number | null;
}
