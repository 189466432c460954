import { Entity, Index } from 'typeorm';
import { CodeColumn, CountColumn, IdColumn, InstantColumn, PrimaryIdColumn } from '../../../platform/database/columns.js';
import type { RebuildStep } from './rebuild-steps.js';

/** The last time that an organization's statistics were counted anew, and how far that is. */
@Entity('statistics_rebuilds')
@Index('statistics_rebuilds_step', ['step'])
export class RebuildEntity {
  @PrimaryIdColumn() organization_id: string;
  /** What is counted now; `done` at the end. */
  @CodeColumn(16) step: RebuildStep;
  /** Counted within the step up to this one, in the order of ids. */
  @IdColumn() after_id: string;
  @CountColumn() total: number;
  @CountColumn() counted: number;
  @InstantColumn() started_at: number;
  @InstantColumn({ nullable: true }) finished_at: number | null;
}
