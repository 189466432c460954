import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray, IsOptional, IsString, MaxLength, MinLength } from 'class-validator';
import { IfPresent, IsInstant } from '../../../platform/http/validation/rules.js';
import { IsScope, MAX_SCOPES } from '../applications/application-rules.js';

export class CreateOrganizationKeyDto {
  /** @example 'Second key' */
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  name: string;

  /**
   * What the key may do; all of it when absent.
   * @example ['audit:read']
   */
  @IfPresent()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_SCOPES)
  @ArrayUnique()
  @IsScope({ each: true })
  scopes?: string[];

  /**
   * When the key ends by itself, in RFC 3339; null or absent for never.
   * @example '2027-03-01T09:30:00Z'
   */
  @IsOptional()
  @IsInstant()
  expires_at?: string | null;
}

/** An API key of an organization itself. The key is shown once, when it is made. */
export class OrganizationKeyView {
  /** @example 'key_01k5x6j3q8v4m2n7p9r1s5t6w2' */
  id: string;
  /** @example 'Second key' */
  name: string;
  /** @example ['*'] */
  scopes: string[];
  /**
   * The last characters of the key, to tell keys apart.
   * @example 'x7Qa'
   */
  hint: string;
  /** @example '2026-03-01T09:30:00.000Z' */
  created_at: string;
  /**
   * A key that was rotated ends after the overlap. Ended keys are shown for 30 days.
   * @example null
   */
  expires_at: string | null;
  /**
   * To the minute.
   * @example '2026-03-02T10:15:00.000Z'
   */
  last_used_at: string | null;
}

export class CreatedOrganizationKeyView extends OrganizationKeyView {
  /**
   * Shown here and never again.
   * @example 'cdk_Jx0Zb4kq3n5m8p1r7s2t6v9w0y4a6c8e1g3i5x7Qa'
   */
  key: string;
}

export class OrganizationKeyPageView {
  data: OrganizationKeyView[];
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
