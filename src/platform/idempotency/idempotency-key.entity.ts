import { Entity, Index } from 'typeorm';
import { CodeColumn, CountColumn, IdColumn, InstantColumn, LongTextColumn, PrimaryIdColumn } from '../database/columns.js';

@Entity('idempotency_keys')
@Index('idempotency_keys_expiry', ['expires_at'])
export class IdempotencyKeyEntity {
  /** SHA-256 over the caller and its key. */
  @PrimaryIdColumn(64) key_hash: string;
  @IdColumn() organization_id: string;
  /** SHA-256 over method, path and body. */
  @CodeColumn(64) fingerprint: string;
  /** Names the request that runs under the key; it may lapse, and then another takes over. */
  @CodeColumn(40) lease_token: string;
  @InstantColumn() lease_until: number;
  /** Null while the request is running. */
  @CountColumn({ nullable: true }) status: number | null;
  /** Encrypted JSON of the stored answer: it may show a secret. */
  @LongTextColumn({ nullable: true }) answer: string | null;
  @InstantColumn() expires_at: number;
}
