import { Entity, ForeignKey, Index } from 'typeorm';
import {
  CodeColumn, FlagColumn, IdColumn, InstantColumn, JsonColumn, PrimaryIdColumn, TextColumn,
} from '../../platform/database/columns.js';

@Entity('visitors')
@Index('visitors_external_id', ['organization_id', 'external_id'], { unique: true })
@Index('visitors_created', ['organization_id', 'created_at', 'id'])
@Index('visitors_merged', ['merged_into'])
@Index('visitors_name', ['organization_id', 'name', 'created_at', 'id'])
@Index('visitors_email', ['organization_id', 'email', 'created_at', 'id'])
@Index('visitors_mobile', ['organization_id', 'mobile', 'created_at', 'id'])
@Index('visitors_customer', ['organization_id', 'customer_id', 'created_at', 'id'])
@Index('visitors_type', ['organization_id', 'visitor_type', 'created_at', 'id'])
@Index('visitors_online', ['organization_id', 'online', 'created_at', 'id'])
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
  /** The visitor that it was merged into and that answers for it; never one that was merged itself. */
  @IdColumn({ nullable: true }) merged_into: string | null;
  /** When it was deleted: the row stays for what names its id, without personal data. */
  @InstantColumn({ nullable: true }) erased_at: number | null;
  @InstantColumn() created_at: number;
  @InstantColumn() updated_at: number;
}

/** What finds a visitor: the beginnings of words, and tags. */
@Entity('visitor_terms')
@Index('visitor_terms_found', ['organization_id', 'kind', 'term', 'visitor_id'])
export class VisitorTermEntity {
  @PrimaryIdColumn() visitor_id: string;
  @PrimaryIdColumn(8) kind: 'word' | 'tag';
  @PrimaryIdColumn(100) term: string;
  @IdColumn() organization_id: string;
}
