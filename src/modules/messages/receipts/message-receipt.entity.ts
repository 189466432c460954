import { Entity } from 'typeorm';
import { CountColumn, PrimaryIdColumn } from '../../../platform/database/columns.js';

/** Up to which seq each side has got, and read, what the other one wrote. A conversation of which nothing was told has no row. */
@Entity('message_receipts')
export class MessageReceiptEntity {
  @PrimaryIdColumn() conversation_id: string;
  @CountColumn({ default: 0 }) desk_delivered: number;
  @CountColumn({ default: 0 }) desk_read: number;
  @CountColumn({ default: 0 }) visitor_delivered: number;
  @CountColumn({ default: 0 }) visitor_read: number;
}
