import { Entity, ForeignKey, Index } from 'typeorm';
import { CodeColumn, IdColumn, InstantColumn, JsonColumn, PrimaryIdColumn, TextColumn } from '../../platform/database/columns.js';
import type { Holiday, WeeklyHours } from './domain/opening-hours.js';

@Entity('business_hours')
@Index('business_hours_name', ['organization_id', 'name'], { unique: true })
@Index('business_hours_created', ['organization_id', 'created_at', 'id'])
export class BusinessHoursEntity {
  @PrimaryIdColumn() id: string;
  @ForeignKey('organizations', { name: 'business_hours_organization_fk' })
  @IdColumn() organization_id: string;
  @TextColumn(100) name: string;
  /** IANA name. */
  @CodeColumn(64) time_zone: string;
  @JsonColumn() weekly: WeeklyHours;
  @JsonColumn() holidays: Holiday[];
  @InstantColumn() created_at: number;
  @InstantColumn() updated_at: number;
}
