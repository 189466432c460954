import { IsBoolean, IsString, IsTimeZone, Matches, MaxLength, MinLength } from 'class-validator';
import { PageQueryDto } from '../../platform/http/page-query.dto.js';
import { FromText, IfPresent } from '../../platform/http/validation/rules.js';

/** What an ETag covers. */
export const ORGANIZATION_WRITABLE = ['name', 'time_zone'] as const;

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

export class UpdateOrganizationDto {
  /** @example 'Acme International Ltd.' */
  @IfPresent()
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  name?: string;

  /**
   * IANA time zone in which instants without an offset are read from now on.
   * @example 'Europe/Berlin'
   */
  @IfPresent()
  @IsString()
  @MaxLength(64)
  @IsTimeZone()
  time_zone?: string;
}

export class ListOrganizationsDto extends PageQueryDto {
  /** @example 'acme' */
  @IfPresent()
  @IsString()
  @MaxLength(64)
  slug?: string;

  /**
   * Only those that are closed, or only those that are not.
   * @example false
   */
  @FromText('boolean')
  @IfPresent()
  @IsBoolean()
  closed?: boolean;
}

export class OrganizationView {
  /** @example 'org_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  id: string;
  /** @example 'acme' */
  slug: string;
  /** @example 'Acme Ltd.' */
  name: string;
  /** @example 'Asia/Shanghai' */
  time_zone: string;
  /**
   * From then on no credential of it is good.
   * @example null
   */
  closed_at: string | null;
  /** @example '2026-03-01T09:30:00.000Z' */
  created_at: string;
  /** @example '2026-03-01T09:30:00.000Z' */
  updated_at: string;
}

export class OrganizationPageView {
  data: OrganizationView[];
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
export class CreatedOrganizationView extends OrganizationView {
  api_key: FirstApiKeyView;
}
