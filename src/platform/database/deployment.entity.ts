import { Entity } from 'typeorm';
import { InstantColumn, PrimaryIdColumn } from './columns.js';

/** One row, made with the tables: names this database, so that what its instances share in Redis is theirs alone. */
@Entity('deployments')
export class DeploymentEntity {
  @PrimaryIdColumn() id: string;
  @InstantColumn() created_at: number;
}
