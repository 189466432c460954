import { Entity, ForeignKey, Index } from 'typeorm';
import { CodeColumn, IdColumn, InstantColumn, JsonColumn, PrimaryIdColumn, TextColumn } from '../../../platform/database/columns.js';

@Entity('api_keys')
@Index('api_keys_hash', ['key_hash'], { unique: true })
@Index('api_keys_organization', ['organization_id'])
@Index('api_keys_application', ['application_id', 'created_at', 'id'])
@Index('api_keys_of_organization', ['organization_id', 'application_id', 'created_at', 'id'])
export class ApiKeyEntity {
  @PrimaryIdColumn() id: string;
  @ForeignKey('organizations', { name: 'api_keys_organization_fk' })
  @IdColumn() organization_id: string;
  /** Null for a key of the organization itself, which no application confines. */
  @ForeignKey('applications', { name: 'api_keys_application_fk' })
  @IdColumn({ nullable: true }) application_id: string | null;
  @TextColumn(200) name: string;
  /** SHA-256 of the key in hex. The key is random, so a slow hash would protect nothing more. */
  @CodeColumn(64) key_hash: string;
  /** The end of the key, for people to tell keys apart. */
  @CodeColumn(8, { nullable: true }) hint: string | null;
  /** `*` for whatever the application may do. */
  @JsonColumn() scopes: string[];
  @InstantColumn() created_at: number;
  @InstantColumn({ nullable: true }) expires_at: number | null;
  /** When another key took its place. */
  @InstantColumn({ nullable: true }) rotated_at: number | null;
  @InstantColumn({ nullable: true }) revoked_at: number | null;
  /** To the minute. */
  @InstantColumn({ nullable: true }) last_used_at: number | null;
}
