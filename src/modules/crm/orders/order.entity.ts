import { Entity, ForeignKey, Index } from 'typeorm';
import { CodeColumn, IdColumn, InstantColumn, JsonColumn, PrimaryIdColumn, TextColumn } from '../../../platform/database/columns.js';

/** Belongs to the customer of the same `customer_id`, whichever of the two comes first. */
@Entity('crm_orders')
@Index('crm_orders_order_id', ['organization_id', 'order_id'], { unique: true })
@Index('crm_orders_created', ['organization_id', 'created_at', 'id'])
@Index('crm_orders_updated', ['organization_id', 'updated_at', 'id'])
@Index('crm_orders_time', ['organization_id', 'create_time', 'id'])
@Index('crm_orders_customer', ['organization_id', 'customer_id', 'created_at', 'id'])
@Index('crm_orders_status', ['organization_id', 'status', 'created_at', 'id'])
@Index('crm_orders_amount', ['organization_id', 'amount_key'])
export class OrderEntity {
  @PrimaryIdColumn() id: string;
  @ForeignKey('organizations', { name: 'crm_orders_organization_fk' })
  @IdColumn() organization_id: string;
  /** The id that the outside system gave. */
  @TextColumn(191) order_id: string;
  @TextColumn(191, { nullable: true }) customer_id: string | null;
  /** A decimal, digit for digit: SQLite would keep a DECIMAL as a double. */
  @CodeColumn(40, { nullable: true }) amount: string | null;
  /** The amount as text that sorts as it does: `money.ts`. */
  @CodeColumn(40, { nullable: true }) amount_key: string | null;
  @CodeColumn(16, { nullable: true }) currency: string | null;
  @TextColumn(64, { nullable: true }) status: string | null;
  @JsonColumn() items: Record<string, unknown>[];
  @InstantColumn() create_time: number;
  @InstantColumn() created_at: number;
  @InstantColumn() updated_at: number;
}
