import { Entity, ForeignKey, Index } from 'typeorm';
import { FlagColumn, IdColumn, InstantColumn, JsonColumn, PrimaryIdColumn, TextColumn } from '../../../platform/database/columns.js';

export interface StoredRateLimit {
  limit: number;
  window_seconds: number;
}

export interface StoredDataScope {
  departments: string[];
  channels: string[];
  agent_ids: string[];
}

/** An integration: what all credentials under it may do at the most. */
@Entity('applications')
@Index('applications_created', ['organization_id', 'created_at', 'id'])
export class ApplicationEntity {
  @PrimaryIdColumn() id: string;
  @ForeignKey('organizations', { name: 'applications_organization_fk' })
  @IdColumn() organization_id: string;
  @TextColumn(200) name: string;
  @JsonColumn() scopes: string[];
  /** Addresses and CIDR ranges; empty for any address. */
  @JsonColumn() ip_allowlist: string[];
  /** Null for the default of the deployment. */
  @JsonColumn({ nullable: true }) rate_limit: StoredRateLimit | null;
  /** Null for all data of the organization. */
  @JsonColumn({ nullable: true }) data_scope: StoredDataScope | null;
  @FlagColumn() enabled: boolean;
  @InstantColumn() created_at: number;
  @InstantColumn() updated_at: number;
}
