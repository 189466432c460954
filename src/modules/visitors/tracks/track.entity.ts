import { Entity, Index } from 'typeorm';
import { IdColumn, InstantColumn, JsonColumn, PrimaryIdColumn, TextColumn } from '../../../platform/database/columns.js';

/** A page that a visitor looked at. */
@Entity('visitor_tracks')
@Index('visitor_tracks_created', ['visitor_id', 'created_at', 'id'])
@Index('visitor_tracks_at', ['visitor_id', 'at', 'id'])
@Index('visitor_tracks_age', ['created_at'])
export class TrackEntity {
  @PrimaryIdColumn() id: string;
  @IdColumn() organization_id: string;
  @IdColumn() visitor_id: string;
  @TextColumn(2000) url: string;
  @TextColumn(500, { nullable: true }) title: string | null;
  @TextColumn(2000, { nullable: true }) referrer: string | null;
  @JsonColumn() metadata: Record<string, unknown>;
  /** When the visitor was there; it may be told of later. */
  @InstantColumn() at: number;
  @InstantColumn() created_at: number;
}
