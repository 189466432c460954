import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray, IsInt, IsOptional, IsString, Max, MaxLength, Min, MinLength } from 'class-validator';
import { PageQueryDto } from '../../../platform/http/page-query.dto.js';
import { IfPresent, IsInstant } from '../../../platform/http/validation/rules.js';
import { IsScope, MAX_SCOPES } from '../applications/application-rules.js';
import { MAX_OVERLAP_SECONDS } from '../applications/key-lifetime.js';

export class CreateApiKeyDto {
  /** @example 'Production' */
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  name: string;

  /**
   * What the key may do, as far as its application may; all of it when absent.
   * @example ['messages:read']
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

export class RotateApiKeyDto {
  /**
   * How long the old key stays good beside the new one; a day when absent.
   * @example 86400
   */
  @IfPresent()
  @IsInt()
  @Min(0)
  @Max(MAX_OVERLAP_SECONDS)
  overlap_seconds?: number;
}

export class ListApiKeysDto extends PageQueryDto {}

/** An API key. The key itself is shown once, when it is made. */
export class ApiKeyView {
  /** @example 'key_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  id: string;
  /** @example 'Production' */
  name: string;
  /**
   * What the key may do now: what was asked for, and of an application as far as that may.
   * @example ['messages:read']
   */
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
   * @example '2027-03-01T09:30:00.000Z'
   */
  expires_at: string | null;
  /**
   * To the minute.
   * @example '2026-03-02T10:15:00.000Z'
   */
  last_used_at: string | null;
}

export class CreatedApiKeyView extends ApiKeyView {
  /**
   * Shown here and never again.
   * @example 'cdk_Jx0Zb4kq3n5m8p1r7s2t6v9w0y4a6c8e1g3i5x7Qa'
   */
  key: string;
}

export class ApiKeyPageView {
  data: ApiKeyView[];
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
