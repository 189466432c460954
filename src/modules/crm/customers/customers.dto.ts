import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsEmail, IsOptional, IsString, MaxLength, MinLength } from 'class-validator';
import { PageQueryDto } from '../../../platform/http/page-query.dto.js';
import { IfPresent, IsInstantFilter, IsJsonObject } from '../../../platform/http/validation/rules.js';
import { MAX_BATCH } from '../upserts/batch.dto.js';

const METADATA_BYTES = 16 * 1024;

/** What may be written of a customer. */
export class CustomerFieldsDto {
  /** @example '张三' */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  name?: string | null;

  /**
   * A visitor without a customer that has the same number is linked, if no other customer has it.
   * @example '13800138000'
   */
  @IsOptional()
  @IsString()
  @MaxLength(40)
  phone?: string | null;

  /**
   * Links visitors as the phone does.
   * @example 'zhang.san@example.com'
   */
  @IsOptional()
  @IsEmail()
  @MaxLength(254)
  email?: string | null;

  /** @example 'VIP' */
  @IsOptional()
  @IsString()
  @MaxLength(64)
  level?: string | null;

  /** @example ['重要客户'] */
  @IfPresent()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  @MaxLength(100, { each: true })
  tags?: string[];

  /**
   * Up to 16 KiB of JSON.
   * @example { "industry": "retail" }
   */
  @IfPresent()
  @IsJsonObject(METADATA_BYTES)
  metadata?: Record<string, unknown>;

  /**
   * The agent who looks after the customer.
   * @example 'agt_01k5x6j3q8v4m2n7p9r1s5t6w0'
   */
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(64)
  owner_agent_id?: string | null;
}

/** A customer, by the id that the outside system gave it. */
export class UpsertCustomerDto extends CustomerFieldsDto {
  /**
   * The customer's id in your own system; unique.
   * @example 'C-1001'
   */
  @IsString()
  @MinLength(1)
  @MaxLength(191)
  customer_id: string;
}

/** As in the path, where it is given. */
export class PutCustomerDto extends CustomerFieldsDto {
  /**
   * May be left out; the path says it.
   * @example 'C-1001'
   */
  @IfPresent()
  @IsString()
  @MaxLength(191)
  customer_id?: string;
}

/** Many customers at once. */
export class CustomerBatchDto {
  /** Each is checked for itself: one that is not valid is answered so, and the others are stored. */
  @ApiProperty({ type: [UpsertCustomerDto], minItems: 1, maxItems: MAX_BATCH })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_BATCH)
  customers: unknown[];
}

export class ListCustomersDto extends PageQueryDto {
  /**
   * The beginning of the name or the email, in small or capital letters, of the phone in whatever spelling, if it is a number of 5 to
   * 20 digits, or of the customer_id as it is written.
   * @example '张'
   */
  @IfPresent()
  @IsString()
  @MinLength(1)
  @MaxLength(191)
  q?: string;

  /**
   * In small or capital letters.
   * @example '张三'
   */
  @IfPresent()
  @IsString()
  @MaxLength(200)
  name?: string;

  /**
   * In whatever spelling: 138 0013 8000 finds 13800138000.
   * @example '13800138000'
   */
  @IfPresent()
  @IsString()
  @MaxLength(40)
  phone?: string;

  /** @example 'zhang.san@example.com' */
  @IfPresent()
  @IsString()
  @MaxLength(254)
  email?: string;

  /** @example 'VIP' */
  @IfPresent()
  @IsString()
  @MaxLength(64)
  level?: string;

  /** @example '重要客户' */
  @IfPresent()
  @IsString()
  @MaxLength(100)
  tag?: string;

  /** @example 'agt_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  @IfPresent()
  @IsString()
  @MaxLength(64)
  owner_agent_id?: string;

  /**
   * Only customers changed at or after this instant, in RFC 3339.
   * @example '2026-03-01T09:30:00Z'
   */
  @IsInstantFilter()
  updated_since?: number;
}
