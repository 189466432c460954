import { Type } from 'class-transformer';
import {
  ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray, IsBoolean, IsInt, IsOptional, IsString, Max, MaxLength, Min, MinLength, ValidateNested,
} from 'class-validator';
import { PageQueryDto } from '../../../platform/http/page-query.dto.js';
import { FromText, IfPresent } from '../../../platform/http/validation/rules.js';
import { IsAddressRange, IsBoundedDataScope, IsScope, MAX_SCOPES } from './application-rules.js';

const DAY_SECONDS = 24 * 60 * 60;
const MAX_RANGES = 100;
const MAX_NAMES = 50;

export class RateLimitDto {
  /**
   * Requests within one window.
   * @example 600
   */
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  limit: number;

  /** @example 60 */
  @IsInt()
  @Min(1)
  @Max(DAY_SECONDS)
  window_seconds: number;
}

/** An empty list, or none, leaves its dimension open; where several are given, all must fit. */
export class DataScopeDto {
  /**
   * Conversations and tickets of these departments only, with their messages and events.
   * @example ['support']
   */
  @IfPresent()
  @IsArray()
  @ArrayMaxSize(MAX_NAMES)
  @ArrayUnique()
  @IsString({ each: true })
  @MinLength(1, { each: true })
  @MaxLength(100, { each: true })
  departments?: string[];

  /**
   * Conversations and tickets of these channels only.
   * @example ['web']
   */
  @IfPresent()
  @IsArray()
  @ArrayMaxSize(MAX_NAMES)
  @ArrayUnique()
  @IsString({ each: true })
  @MinLength(1, { each: true })
  @MaxLength(64, { each: true })
  channels?: string[];

  /**
   * Conversations and tickets of these agents only, and customers and orders that one of them, or nobody, looks after.
   * @example ['agt_01k5x6j3q8v4m2n7p9r1s5t6w0']
   */
  @IfPresent()
  @IsArray()
  @ArrayMaxSize(MAX_NAMES)
  @ArrayUnique()
  @IsString({ each: true })
  @MinLength(1, { each: true })
  @MaxLength(64, { each: true })
  agent_ids?: string[];
}

/** What may be changed of an application. */
export class UpdateApplicationDto {
  /** @example 'Order system' */
  @IfPresent()
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  name?: string;

  /**
   * The most that its credentials may do. One can only give scopes that one holds.
   * @example ['conversations:read', 'messages:read', 'messages:write']
   */
  @IfPresent()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_SCOPES)
  @ArrayUnique()
  @IsScope({ each: true })
  scopes?: string[];

  /**
   * Addresses and CIDR ranges that its credentials may be used from; empty for all.
   * @example ['203.0.113.0/24', '2001:db8::7']
   */
  @IfPresent()
  @IsArray()
  @ArrayMaxSize(MAX_RANGES)
  @ArrayUnique()
  @IsAddressRange({ each: true })
  ip_allowlist?: string[];

  /** For each of its credentials; null for the default of the service. */
  @IsOptional()
  @ValidateNested()
  @Type(() => RateLimitDto)
  rate_limit?: RateLimitDto | null;

  /** The data that it sees; null for all of the organization. Replaced as a whole; its lists give at most 500 combinations. */
  @IsOptional()
  @IsBoundedDataScope()
  @ValidateNested()
  @Type(() => DataScopeDto)
  data_scope?: DataScopeDto | null;

  /**
   * The credentials of a disabled application are refused.
   * @example true
   */
  @IfPresent()
  @IsBoolean()
  enabled?: boolean;
}

export class CreateApplicationDto extends UpdateApplicationDto {
  /** @example 'Order system' */
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  declare name: string;

  /**
   * The most that its credentials may do. One can only give scopes that one holds.
   * @example ['conversations:read', 'messages:read', 'messages:write']
   */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_SCOPES)
  @ArrayUnique()
  @IsScope({ each: true })
  declare scopes: string[];
}

export class ListApplicationsDto extends PageQueryDto {
  /** @example true */
  @FromText('boolean')
  @IfPresent()
  @IsBoolean()
  enabled?: boolean;
}

export class RateLimitView {
  /** @example 600 */
  limit: number;
  /** @example 60 */
  window_seconds: number;
}

export class DataScopeView {
  /** @example ['support'] */
  departments: string[];
  /** @example ['web'] */
  channels: string[];
  /** @example [] */
  agent_ids: string[];
}

/** An integration. Its credentials may do what it may, and see what it sees. */
export class ApplicationView {
  /** @example 'app_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  id: string;
  /** @example 'Order system' */
  name: string;
  /** @example ['conversations:read', 'messages:read', 'messages:write'] */
  scopes: string[];
  /** @example ['203.0.113.0/24', '2001:db8::7'] */
  ip_allowlist: string[];
  rate_limit: RateLimitView | null;
  data_scope: DataScopeView | null;
  /** @example true */
  enabled: boolean;
  /** @example '2026-03-01T09:30:00.000Z' */
  created_at: string;
  /** @example '2026-03-01T09:30:00.000Z' */
  updated_at: string;
}

export class ApplicationPageView {
  data: ApplicationView[];
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

export const APPLICATION_WRITABLE: readonly (keyof ApplicationView)[] = ['name', 'scopes', 'ip_allowlist', 'rate_limit', 'data_scope', 'enabled'];
