import { ArrayMaxSize, IsArray, IsEmail, IsOptional, IsString, Matches, MaxLength, MinLength } from 'class-validator';
import { IfPresent, IsHttpUrl, IsJsonObject } from '../../platform/http/validation/rules.js';

export const VISITOR_METADATA_BYTES = 16 * 1024;
export const MAX_VISITOR_TAGS = 100;

/** What may be written of a visitor. */
export class VisitorFieldsDto {
  /**
   * The visitor's id in your own system; unique.
   * @example 'customer-4711'
   */
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(191)
  external_id?: string | null;

  /** @example '张三' */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  name?: string | null;

  /** @example 'zhang.san@example.com' */
  @IsOptional()
  @IsEmail()
  @MaxLength(254)
  email?: string | null;

  /** @example '13800138000' */
  @IsOptional()
  @IsString()
  @MaxLength(40)
  mobile?: string | null;

  /** @example 'https://example.com/zhang-san.png' */
  @IsOptional()
  @IsHttpUrl()
  @MaxLength(2000)
  avatar_url?: string | null;

  /**
   * BCP 47 language tag.
   * @example 'zh-CN'
   */
  @IsOptional()
  @IsString()
  @MaxLength(35)
  @Matches(/^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*$/, { message: '$property must be a language tag such as zh-CN' })
  language?: string | null;

  /** @example 'member' */
  @IsOptional()
  @IsString()
  @MaxLength(64)
  visitor_type?: string | null;

  /** @example ['vip'] */
  @IfPresent()
  @IsArray()
  @ArrayMaxSize(MAX_VISITOR_TAGS)
  @IsString({ each: true })
  @MaxLength(100, { each: true })
  tags?: string[];

  /**
   * Up to 16 KiB of JSON.
   * @example { "plan": "gold" }
   */
  @IfPresent()
  @IsJsonObject(VISITOR_METADATA_BYTES)
  metadata?: Record<string, unknown>;

  /** @example 'C-1001' */
  @IsOptional()
  @IsString()
  @MaxLength(191)
  customer_id?: string | null;

  /** @example 'apns:8f2c' */
  @IsOptional()
  @IsString()
  @MaxLength(255)
  push_info?: string | null;

  /** @example 'free text' */
  @IsOptional()
  @IsString()
  @MaxLength(2000)
  my_data?: string | null;
}
