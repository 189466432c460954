import { IsString, IsTimeZone, Matches, MaxLength, MinLength } from 'class-validator';
import { IfPresent } from '../../platform/http/validation/rules.js';

export class CreateOrganizationDto {
  /**
   * Names the organization at login; unique.
   * @example 'acme'
   */
  @IsString()
  @Matches(/^[a-z0-9][a-z0-9-]{0,62}$/, { message: '$property must have 1 to 63 lower-case letters, digits and hyphens' })
  slug: string;

  /** @example 'Acme Ltd.' */
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  name: string;

  /**
   * IANA time zone in which instants without an offset are read; UTC when absent.
   * @example 'Asia/Shanghai'
   */
  @IfPresent()
  @IsString()
  @MaxLength(64)
  @IsTimeZone()
  time_zone?: string;
}

export class FirstApiKeyView {
  /** @example 'key_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  id: string;
  /** @example 'first key' */
  name: string;
  /**
   * Shown here and never again.
   * @example 'cdk_Q2xhcmlmaWVkIGJ1dHRlciBpcyBnb29k'
   */
  key: string;
  /** @example ['*'] */
  scopes: string[];
}

/** A new organization with its first API key. */
export class CreatedOrganizationView {
  /** @example 'org_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  id: string;
  /** @example 'acme' */
  slug: string;
  /** @example 'Acme Ltd.' */
  name: string;
  /** @example 'Asia/Shanghai' */
  time_zone: string;
  /** @example '2026-03-01T09:30:00.000Z' */
  created_at: string;
  /** @example '2026-03-01T09:30:00.000Z' */
  updated_at: string;
  api_key: FirstApiKeyView;
}
