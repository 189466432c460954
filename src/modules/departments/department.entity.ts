import { Entity, ForeignKey, Index } from 'typeorm';
import { CodeColumn, CountColumn, IdColumn, InstantColumn, JsonColumn, PrimaryIdColumn, TextColumn } from '../../platform/database/columns.js';
import type { OffHoursAction } from './departments.contract.js';

/** What holds for the conversations of a department; these, and agents, name it by text. */
@Entity('departments')
@Index('departments_name', ['organization_id', 'name'], { unique: true })
@Index('departments_default', ['default_of'], { unique: true })
@Index('departments_created', ['organization_id', 'created_at', 'id'])
@Index('departments_hours', ['business_hours_id'])
export class DepartmentEntity {
  @PrimaryIdColumn() id: string;
  @ForeignKey('organizations', { name: 'departments_organization_fk' })
  @IdColumn() organization_id: string;
  @TextColumn(100) name: string;
  /** The organization, in the one whose settings hold for departments without settings too. */
  @IdColumn({ nullable: true }) default_of: string | null;
  @TextColumn(2000, { nullable: true }) description: string | null;
  @JsonColumn() skills: string[];
  @ForeignKey('business_hours', { name: 'departments_hours_fk' })
  @IdColumn({ nullable: true }) business_hours_id: string | null;
  @CodeColumn(16) off_hours: OffHoursAction;
  @CountColumn({ nullable: true }) assignment_timeout_seconds: number | null;
  @CountColumn({ nullable: true }) inactivity_close_seconds: number | null;
  @InstantColumn() created_at: number;
  @InstantColumn() updated_at: number;
}
