import { Entity } from 'typeorm';
import { CodeColumn, CountColumn, InstantColumn, LongTextColumn, NumberColumn, PrimaryIdColumn, TextColumn } from '../../../platform/database/columns.js';

/** How far the import from the CRM is, for the organization that has one. */
@Entity('crm_syncs')
export class CrmSyncEntity {
  @PrimaryIdColumn() organization_id: string;
  /** SHA-256 of the URL: the cursor of another source says nothing. */
  @CodeColumn(64) source: string;
  /** `next_cursor` of the last page that is stored as a whole. */
  @LongTextColumn({ nullable: true }) next_cursor: string | null;
  /** When the next run is due. */
  @InstantColumn() next_at: number;
  /** One after the other, since the last success. */
  @CountColumn({ default: 0 }) failures: number;
  @TextColumn(500, { nullable: true }) last_error: string | null;
  @InstantColumn({ nullable: true }) started_at: number | null;
  @InstantColumn({ nullable: true }) succeeded_at: number | null;
  @NumberColumn({ default: 0 }) pages: number;
  @NumberColumn({ default: 0 }) stored: number;
  @NumberColumn({ default: 0 }) refused: number;
  @CodeColumn(40, { nullable: true }) claim_token: string | null;
  /** After this another worker goes on with it. */
  @InstantColumn({ nullable: true }) claimed_until: number | null;
}
