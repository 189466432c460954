import { Entity, ForeignKey, Index } from 'typeorm';
import { CodeColumn, IdColumn, InstantColumn, JsonColumn, LongTextColumn, PrimaryIdColumn, TextColumn } from '../../platform/database/columns.js';
import type { ReplyScope } from './domain/reply-scope.js';

/** A text that agents send again and again. */
@Entity('canned_replies')
@Index('canned_replies_shortcut', ['organization_id', 'owner', 'shortcut'], { unique: true })
@Index('canned_replies_created', ['organization_id', 'created_at', 'id'])
export class CannedReplyEntity {
  @PrimaryIdColumn() id: string;
  @ForeignKey('organizations', { name: 'canned_replies_organization_fk' })
  @IdColumn() organization_id: string;
  @CodeColumn(16) scope: ReplyScope;
  @TextColumn(100, { nullable: true }) department: string | null;
  @IdColumn({ nullable: true }) agent_id: string | null;
  /** Scope and whose it is in one word, within which shortcuts are unique. */
  @TextColumn(120) owner: string;
  @TextColumn(64) shortcut: string;
  @TextColumn(200) title: string;
  @LongTextColumn() content: string;
  @JsonColumn() tags: string[];
  /** Shortcut and title as a search compares them. */
  @LongTextColumn() search_text: string;
  @InstantColumn() created_at: number;
  @InstantColumn() updated_at: number;
}
