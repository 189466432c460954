import { Entity, ForeignKey, Index } from 'typeorm';
import { IdColumn, InstantColumn, JsonColumn, PrimaryIdColumn, TextColumn } from '../../../platform/database/columns.js';

@Entity('crm_customers')
@Index('crm_customers_customer_id', ['organization_id', 'customer_id'], { unique: true })
@Index('crm_customers_created', ['organization_id', 'created_at', 'id'])
@Index('crm_customers_updated', ['organization_id', 'updated_at', 'id'])
@Index('crm_customers_name', ['organization_id', 'name_key', 'created_at', 'id'])
@Index('crm_customers_phone', ['organization_id', 'phone_key', 'created_at', 'id'])
@Index('crm_customers_email', ['organization_id', 'email_key', 'created_at', 'id'])
@Index('crm_customers_level', ['organization_id', 'level', 'created_at', 'id'])
@Index('crm_customers_owner', ['organization_id', 'owner_agent_id', 'created_at', 'id'])
export class CustomerEntity {
  @PrimaryIdColumn() id: string;
  @ForeignKey('organizations', { name: 'crm_customers_organization_fk' })
  @IdColumn() organization_id: string;
  /** The id that the outside system gave. */
  @TextColumn(191) customer_id: string;
  @TextColumn(200, { nullable: true }) name: string | null;
  @TextColumn(40, { nullable: true }) phone: string | null;
  @TextColumn(254, { nullable: true }) email: string | null;
  @TextColumn(64, { nullable: true }) level: string | null;
  @JsonColumn() tags: string[];
  @JsonColumn() metadata: Record<string, unknown>;
  @IdColumn({ nullable: true }) owner_agent_id: string | null;
  /** As they are looked for: `contact-keys.ts`. */
  @TextColumn(200, { nullable: true }) name_key: string | null;
  @TextColumn(40, { nullable: true }) phone_key: string | null;
  @TextColumn(254, { nullable: true }) email_key: string | null;
  @InstantColumn() created_at: number;
  @InstantColumn() updated_at: number;
}

/** The tags of the customers once more, to be looked for. */
@Entity('crm_customer_tags')
@Index('crm_customer_tags_tag', ['organization_id', 'tag', 'customer'])
export class CustomerTagEntity {
  /** `id` of the customer's row. */
  @PrimaryIdColumn() customer: string;
  @PrimaryIdColumn(100) tag: string;
  @IdColumn() organization_id: string;
}
