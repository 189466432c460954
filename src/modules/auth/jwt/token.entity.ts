import { Entity, ForeignKey, Index } from 'typeorm';
import { CodeColumn, IdColumn, InstantColumn, LongTextColumn, PrimaryIdColumn } from '../../../platform/database/columns.js';

/** A random key that signs access tokens; its id is the token's `kid`. */
@Entity('token_keys')
export class TokenKeyEntity {
  @PrimaryIdColumn() id: string;
  /** Encrypted with SECRET_KEY. */
  @LongTextColumn() secret: string;
  @InstantColumn() created_at: number;
}

/** A refresh token can be used once; a second use revokes its whole family. */
@Entity('refresh_tokens')
@Index('refresh_tokens_hash', ['token_hash'], { unique: true })
@Index('refresh_tokens_family', ['family_id'])
@Index('refresh_tokens_agent', ['agent_id'])
@Index('refresh_tokens_expiry', ['expires_at'])
export class RefreshTokenEntity {
  @PrimaryIdColumn() id: string;
  @IdColumn() organization_id: string;
  @ForeignKey('agents', { name: 'refresh_tokens_agent_fk' })
  @IdColumn() agent_id: string;
  @IdColumn() family_id: string;
  /** SHA-256 in hex. */
  @CodeColumn(64) token_hash: string;
  @InstantColumn() created_at: number;
  @InstantColumn() expires_at: number;
  @InstantColumn({ nullable: true }) used_at: number | null;
  @InstantColumn({ nullable: true }) revoked_at: number | null;
}
