import { Entity, ForeignKey, Index } from 'typeorm';
import { CodeColumn, IdColumn, InstantColumn, JsonColumn, PrimaryIdColumn, TextColumn } from '../../../platform/database/columns.js';

@Entity('api_keys')
@Index('api_keys_hash', ['key_hash'], { unique: true })
@Index('api_keys_organization', ['organization_id'])
export class ApiKeyEntity {
  @PrimaryIdColumn() id: string;
  @ForeignKey('organizations', { name: 'api_keys_organization_fk' })
  @IdColumn() organization_id: string;
  @TextColumn(200) name: string;
  /** SHA-256 of the key in hex. The key is random, so a slow hash would protect nothing more. */
  @CodeColumn(64) key_hash: string;
  @JsonColumn() scopes: string[];
  @InstantColumn() created_at: number;
  @InstantColumn({ nullable: true }) revoked_at: number | null;
}
