import { Entity, Index } from 'typeorm';
import { InstantColumn, PrimaryIdColumn } from '../../../platform/database/columns.js';

/** An account has logged in from an address. Neither can be read here, only looked for. */
@Entity('known_login_addresses')
@Index('known_login_addresses_expiry', ['expires_at'])
export class KnownAddressEntity {
  /** SHA-256 of account and address, in hex. */
  @PrimaryIdColumn(64) hash: string;
  @InstantColumn() expires_at: number;
}
