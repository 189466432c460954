import { Entity, Index } from 'typeorm';
import { CodeColumn, IdColumn, InstantColumn, JsonColumn, SerialColumn, TextColumn } from '../../../platform/database/columns.js';

/** A figure that somebody else has counted. */
@Entity('statistics_pushed')
@Index('statistics_pushed_dimension', ['organization_id', 'type', 'dimension_hash'], { unique: true })
@Index('statistics_pushed_date', ['organization_id', 'type', 'date'])
export class PushedFigureEntity {
  @SerialColumn() number: number;
  @IdColumn() organization_id: string;
  @CodeColumn(16) type: string;
  /** SHA-256 of the dimension, whatever the order of its members. */
  @CodeColumn(64) dimension_hash: string;
  @JsonColumn() dimension: Record<string, string | number>;
  /** Of the dimension; empty where it names no day. */
  @CodeColumn(10) date: string;
  /** Of the dimension: on these the right to see it depends. */
  @TextColumn(64, { nullable: true }) agent_id: string | null;
  @TextColumn(100, { nullable: true }) department: string | null;
  @TextColumn(64, { nullable: true }) channel: string | null;
  @JsonColumn() metrics: Record<string, number>;
  @InstantColumn() pushed_at: number;
}
