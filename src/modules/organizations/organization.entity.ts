import { Entity, Index } from 'typeorm';
import { CodeColumn, FlagColumn, InstantColumn, PrimaryIdColumn, TextColumn } from '../../platform/database/columns.js';

/** The owner of every other row. */
@Entity('organizations')
@Index('organizations_slug', ['slug'], { unique: true })
@Index('organizations_created', ['created_at', 'id'])
export class OrganizationEntity {
  @PrimaryIdColumn() id: string;
  /** Names the organization at login. */
  @CodeColumn(64) slug: string;
  @TextColumn(200) name: string;
  /** IANA name; instants without an offset are read in it. */
  @CodeColumn(64) time_zone: string;
  /** The organization of the bootstrap key, which may make others. */
  @FlagColumn() operator: boolean;
  @InstantColumn() created_at: number;
  @InstantColumn() updated_at: number;
  /** From then on no credential of it is good. */
  @InstantColumn({ nullable: true }) closed_at: number | null;
}

/**
 * A row to lock: assigning conversations to agents happens one at a time in an organization. It goes when the organization is
 * closed, so that nobody routes there any more.
 */
@Entity('routing_locks')
export class RoutingLockEntity {
  @PrimaryIdColumn() organization_id: string;
}
