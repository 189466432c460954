import { Entity } from 'typeorm';
import { CodeColumn, InstantColumn, PrimaryIdColumn } from '../database/columns.js';

@Entity('leases')
export class LeaseEntity {
  @PrimaryIdColumn(64) name: string;
  @CodeColumn(64) holder: string;
  @InstantColumn() expires_at: number;
}
