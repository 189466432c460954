import { Entity, ForeignKey, Index } from 'typeorm';
import {
  CodeColumn, FlagColumn, IdColumn, InstantColumn, JsonColumn, PrimaryIdColumn, TextColumn,
} from '../../platform/database/columns.js';

@Entity('visitors')
@Index('visitors_external_id', ['organization_id', 'external_id'], { unique: true })
@Index('visitors_created', ['organization_id', 'created_at', 'id'])
export class VisitorEntity {
  @PrimaryIdColumn() id: string;
  @ForeignKey('organizations', { name: 'visitors_organization_fk' })
  @IdColumn() organization_id: string;
  @TextColumn(191, { nullable: true }) external_id: string | null;
  @TextColumn(200, { nullable: true }) name: string | null;
  @TextColumn(254, { nullable: true }) email: string | null;
  @TextColumn(40, { nullable: true }) mobile: string | null;
  @TextColumn(2000, { nullable: true }) avatar_url: string | null;
  @CodeColumn(35, { nullable: true }) language: string | null;
  @TextColumn(64, { nullable: true }) visitor_type: string | null;
  @JsonColumn() tags: string[];
  @JsonColumn() metadata: Record<string, unknown>;
  @TextColumn(191, { nullable: true }) customer_id: string | null;
  @TextColumn(255, { nullable: true }) push_info: string | null;
  @TextColumn(2000, { nullable: true }) my_data: string | null;
  @FlagColumn({ default: 0 }) online: boolean;
  @InstantColumn({ nullable: true }) last_seen_at: number | null;
  @InstantColumn() created_at: number;
  @InstantColumn() updated_at: number;
}
