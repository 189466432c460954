import { Entity } from 'typeorm';
import { NumberColumn, PrimaryIdColumn } from '../database/columns.js';

/** How far a projection has read the event log of an organization; the lock under which it goes on. */
@Entity('projection_positions')
export class ProjectionPositionEntity {
  @PrimaryIdColumn(64) projection: string;
  @PrimaryIdColumn() organization_id: string;
  @NumberColumn() position: number;
}
