import { Entity, Index } from 'typeorm';
import { IdColumn, PrimaryIdColumn, TextColumn } from '../../../platform/database/columns.js';

/** A visitor who has no customer and can be found for one; follows the visitors by the event log. */
@Entity('crm_unlinked_visitors')
@Index('crm_unlinked_visitors_phone', ['organization_id', 'phone_key', 'visitor_id'])
@Index('crm_unlinked_visitors_email', ['organization_id', 'email_key', 'visitor_id'])
export class UnlinkedVisitorEntity {
  @PrimaryIdColumn() visitor_id: string;
  @IdColumn() organization_id: string;
  @TextColumn(40, { nullable: true }) phone_key: string | null;
  @TextColumn(254, { nullable: true }) email_key: string | null;
}
