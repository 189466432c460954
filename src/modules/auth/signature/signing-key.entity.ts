import { Entity, ForeignKey, Index } from 'typeorm';
import { CodeColumn, IdColumn, InstantColumn, LongTextColumn, PrimaryIdColumn, TextColumn } from '../../../platform/database/columns.js';
import type { SigningAlgorithm } from './key-material.js';

/** A key that an application signs its requests with; its id is the signature's `keyid`. */
@Entity('signing_keys')
@Index('signing_keys_application', ['application_id', 'created_at', 'id'])
export class SigningKeyEntity {
  @PrimaryIdColumn() id: string;
  @IdColumn() organization_id: string;
  @ForeignKey('applications', { name: 'signing_keys_application_fk' })
  @IdColumn() application_id: string;
  @TextColumn(200) name: string;
  @CodeColumn(16) algorithm: SigningAlgorithm;
  /** Encrypted with SECRET_KEY, since signatures are made anew to be compared. Null for ed25519. */
  @LongTextColumn({ nullable: true }) secret: string | null;
  /** PEM of the SPKI. Null for hmac-sha256. */
  @LongTextColumn({ nullable: true }) public_key: string | null;
  @InstantColumn() created_at: number;
  @InstantColumn({ nullable: true }) expires_at: number | null;
  /** When another key took its place. */
  @InstantColumn({ nullable: true }) rotated_at: number | null;
  @InstantColumn({ nullable: true }) revoked_at: number | null;
  /** To the minute. */
  @InstantColumn({ nullable: true }) last_used_at: number | null;
}
