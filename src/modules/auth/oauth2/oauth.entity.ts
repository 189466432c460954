import { Entity, ForeignKey, Index } from 'typeorm';
import { CodeColumn, IdColumn, InstantColumn, JsonColumn, LongTextColumn, PrimaryIdColumn, TextColumn } from '../../../platform/database/columns.js';

/** A program that may ask for tokens, on behalf of its application or of agents. */
@Entity('oauth_clients')
@Index('oauth_clients_application', ['application_id', 'created_at', 'id'])
export class OauthClientEntity {
  @PrimaryIdColumn() id: string;
  @IdColumn() organization_id: string;
  @ForeignKey('applications', { name: 'oauth_clients_application_fk' })
  @IdColumn() application_id: string;
  @TextColumn(200) name: string;
  @JsonColumn() redirect_uris: string[];
  @JsonColumn() grant_types: string[];
  @CodeColumn(32) token_endpoint_auth_method: string;
  /** SHA-256 in hex, since the secret is random; null for a public client. */
  @CodeColumn(64, { nullable: true }) secret_hash: string | null;
  /** Also accepted until `previous_secret_expires_at`. */
  @CodeColumn(64, { nullable: true }) previous_secret_hash: string | null;
  @InstantColumn({ nullable: true }) previous_secret_expires_at: number | null;
  @InstantColumn({ nullable: true }) last_used_at: number | null;
  @InstantColumn() created_at: number;
  @InstantColumn() updated_at: number;
}

/** What the authorization server keeps: tokens, codes, grants, log-ins of its pages. Nothing in it can be used as a credential. */
@Entity('oauth_payloads')
@Index('oauth_payloads_grant', ['grant_hash'])
@Index('oauth_payloads_uid', ['uid_hash'])
@Index('oauth_payloads_client', ['client_id'])
@Index('oauth_payloads_agent', ['agent_id'])
@Index('oauth_payloads_expiry', ['expires_at'])
export class OauthPayloadEntity {
  /** SHA-256 in hex of the id, which for a token is the token. */
  @PrimaryIdColumn(64) id_hash: string;
  @CodeColumn(32) kind: string;
  @IdColumn({ nullable: true }) client_id: string | null;
  @IdColumn({ nullable: true }) agent_id: string | null;
  @CodeColumn(64, { nullable: true }) grant_hash: string | null;
  /** Of a log-in: the second name under which it is found. */
  @CodeColumn(64, { nullable: true }) uid_hash: string | null;
  /** Encrypted with SECRET_KEY. */
  @LongTextColumn() payload: string;
  @InstantColumn({ nullable: true }) consumed_at: number | null;
  @InstantColumn() created_at: number;
  @InstantColumn() expires_at: number;
}

/** A random key of the authorization server, the same on all instances. */
@Entity('oauth_keys')
export class OauthKeyEntity {
  @PrimaryIdColumn() id: string;
  /** Encrypted with SECRET_KEY: a private key as JWK, and what signs cookies. */
  @LongTextColumn() secret: string;
  @InstantColumn() created_at: number;
}
