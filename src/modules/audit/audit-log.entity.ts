import { Entity, Index } from 'typeorm';
import { CodeColumn, IdColumn, InstantColumn, JsonColumn, PrimaryIdColumn, TextColumn } from '../../platform/database/columns.js';
import type { AuditChanges } from './audit.contract.js';

/** One thing that somebody did. It has no foreign keys: it outlives what it tells of. */
@Entity('audit_logs')
@Index('audit_logs_created', ['organization_id', 'created_at', 'id'])
@Index('audit_logs_actor', ['organization_id', 'actor_id', 'created_at', 'id'])
@Index('audit_logs_target', ['organization_id', 'target_id', 'created_at', 'id'])
@Index('audit_logs_action', ['organization_id', 'action', 'created_at', 'id'])
export class AuditLogEntity {
  @PrimaryIdColumn() id: string;
  @IdColumn() organization_id: string;
  @CodeColumn(16) actor_kind: string;
  @IdColumn({ nullable: true }) actor_id: string | null;
  @IdColumn({ nullable: true }) application_id: string | null;
  @CodeColumn(64) action: string;
  @CodeColumn(32) target_type: string;
  @IdColumn({ nullable: true }) target_id: string | null;
  @JsonColumn() changes: AuditChanges;
  @JsonColumn() details: Record<string, unknown>;
  @CodeColumn(64, { nullable: true }) address: string | null;
  @TextColumn(500, { nullable: true }) user_agent: string | null;
  @CodeColumn(128, { nullable: true }) request_id: string | null;
  @InstantColumn() created_at: number;
}
