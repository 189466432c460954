import { IsIn, IsOptional, IsString, MaxLength, MinLength } from 'class-validator';
import { PageQueryDto } from '../../../platform/http/page-query.dto.js';
import { IfPresent, IsInstant } from '../../../platform/http/validation/rules.js';
import { RotateApiKeyDto } from '../api-keys/application-keys.dto.js';
import { SIGNING_ALGORITHMS } from './key-material.js';

const MAX_PEM_LENGTH = 1000;

export class CreateSigningKeyDto {
  /**
   * `Signing key` when absent.
   * @example 'Production'
   */
  @IfPresent()
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  name?: string;

  /**
   * How requests are signed: with a secret that both sides hold, or with a private key; `hmac-sha256` when absent.
   * @example 'hmac-sha256'
   */
  @IfPresent()
  @IsIn(SIGNING_ALGORITHMS)
  algorithm?: 'hmac-sha256' | 'ed25519';

  /**
   * For `ed25519`: the public key of a pair that the caller made, as PEM. Without it a pair is made, and the private key answered once.
   * @example '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=\n-----END PUBLIC KEY-----\n'
   */
  @IfPresent()
  @IsString()
  @MaxLength(MAX_PEM_LENGTH)
  public_key?: string;

  /**
   * When the key ends by itself, in RFC 3339; null or absent for never.
   * @example '2027-03-01T09:30:00Z'
   */
  @IsOptional()
  @IsInstant()
  expires_at?: string | null;
}

export class RotateSigningKeyDto extends RotateApiKeyDto {
  /**
   * For `ed25519`: the next public key of the caller's own, as PEM. Without it a pair is made, and the private key answered once.
   * @example '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=\n-----END PUBLIC KEY-----\n'
   */
  @IfPresent()
  @IsString()
  @MaxLength(MAX_PEM_LENGTH)
  public_key?: string;
}

export class ListSigningKeysDto extends PageQueryDto {}

/** A key that an application signs its requests with; it may do what the application may. */
export class SigningKeyView {
  /**
   * The `keyid` of signatures.
   * @example 'sgk_01k5x6j3q8v4m2n7p9r1s5t6w0'
   */
  id: string;
  /** @example 'Production' */
  name: string;
  /** @example 'hmac-sha256' */
  algorithm: 'hmac-sha256' | 'ed25519';
  /**
   * For `ed25519`, as PEM.
   * @example null
   */
  public_key: string | null;
  /** @example '2026-03-01T09:30:00.000Z' */
  created_at: string;
  /**
   * A key that was rotated ends after the overlap. Ended keys are shown for 30 days.
   * @example '2027-03-01T09:30:00.000Z'
   */
  expires_at: string | null;
  /**
   * To the minute.
   * @example '2026-03-02T10:15:00.000Z'
   */
  last_used_at: string | null;
}

export class CreatedSigningKeyView extends SigningKeyView {
  /**
   * For `hmac-sha256`, shown here and never again. The key of the HMAC is this text as it is, in ASCII.
   * @example 'sgs_3q2Yw5bT8xN1kV7mR0cZ4hJ6pL9sD2fG5aE8uQ1iO7t'
   */
  secret?: string;

  /**
   * For `ed25519` where the pair was made here, as PEM (PKCS #8); shown here and never again.
   * @example '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF\n-----END PRIVATE KEY-----\n'
   */
  private_key?: string;
}

export class SigningKeyPageView {
  data: SigningKeyView[];
  /** @example null */
  next_cursor: string | null;
  /** @example false */
  has_more: boolean;
  /**
   * With `include_total=true`.
   * @example 1
   */
  total?: number;
}
