import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsOptional, IsString, Matches, MaxLength, MinLength } from 'class-validator';
import { PageQueryDto } from '../../../platform/http/page-query.dto.js';
import { IfPresent, IsInstantFilter } from '../../../platform/http/validation/rules.js';
import { MAX_BATCH } from '../upserts/batch.dto.js';
import { IsItems, IsMoney, IsMoneyText, IsOwnTime } from './order-rules.js';

/** What may be written of an order. */
export class OrderFieldsDto {
  /**
   * The customer's id in your own system; the customer may come later.
   * @example 'C-1001'
   */
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(191)
  customer_id?: string | null;

  /**
   * Exact: a decimal string of at most 20 digits before and 10 after the point, or a JSON number of at most 15
   * significant digits.
   * @example '9999.00'
   */
  @ApiPropertyOptional({ oneOf: [{ type: 'string', pattern: String.raw`^-?\d{1,20}(\.\d{1,10})?$` }, { type: 'number' }], nullable: true })
  @IsOptional()
  @IsMoney()
  amount?: string | number | null;

  /**
   * As your system names it, such as a code of ISO 4217.
   * @example 'CNY'
   */
  @IsOptional()
  @IsString()
  @MaxLength(16)
  @Matches(/^[A-Za-z0-9._-]+$/, { message: '$property must be a code such as CNY' })
  currency?: string | null;

  /** @example 'paid' */
  @IsOptional()
  @IsString()
  @MaxLength(64)
  status?: string | null;

  /**
   * What was ordered, in objects of your own: at most 500 and 64 KiB.
   * @example [{ "sku": "A-1", "name": "Lamp", "quantity": 2, "price": "4999.50" }]
   */
  @ApiPropertyOptional({ type: 'array', items: { type: 'object', additionalProperties: true }, maxItems: 500 })
  @IfPresent()
  @IsItems()
  items?: Record<string, unknown>[];

  /**
   * When it was ordered: RFC 3339, or `yyyy-MM-dd HH:mm:ss` or `yyyy-MM-dd` in the time zone of the organization; the
   * present when an order is new and does not say.
   * @example '2023-10-26 12:00:00'
   */
  @IfPresent()
  @IsOwnTime()
  create_time?: string;
}

/** An order, by the id that the outside system gave it. */
export class UpsertOrderDto extends OrderFieldsDto {
  /**
   * The order's id in your own system; unique.
   * @example 'O-2001'
   */
  @IsString()
  @MinLength(1)
  @MaxLength(191)
  order_id: string;
}

/** As in the path, where it is given. */
export class PutOrderDto extends OrderFieldsDto {
  /**
   * May be left out; the path says it.
   * @example 'O-2001'
   */
  @IfPresent()
  @IsString()
  @MaxLength(191)
  order_id?: string;
}

/** Many orders at once. */
export class OrderBatchDto {
  /** Each is checked for itself: one that is not valid is answered so, and the others are stored. */
  @ApiProperty({ type: [UpsertOrderDto], minItems: 1, maxItems: MAX_BATCH })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_BATCH)
  orders: unknown[];
}


export class ListOrdersOfCustomerDto extends PageQueryDto {
  /** @example 'paid' */
  @IfPresent()
  @IsString()
  @MaxLength(64)
  status?: string;

  /** @example 'CNY' */
  @IfPresent()
  @IsString()
  @MaxLength(16)
  currency?: string;

  /**
   * Only orders of at least this amount.
   * @example '100.00'
   */
  @IfPresent()
  @IsMoneyText()
  min_amount?: string;

  /**
   * Only orders of at most this amount.
   * @example '10000'
   */
  @IfPresent()
  @IsMoneyText()
  max_amount?: string;

  /**
   * Only what was ordered, by `create_time`, at or after this instant, in RFC 3339.
   * @example '2023-10-26T00:00:00Z'
   */
  @IsInstantFilter()
  since?: number;

  /**
   * Only what was ordered before this instant, in RFC 3339.
   * @example '2099-10-27T00:00:00Z'
   */
  @IsInstantFilter()
  until?: number;

  /**
   * Only orders changed here at or after this instant, in RFC 3339.
   * @example '2026-03-01T09:30:00Z'
   */
  @IsInstantFilter()
  updated_since?: number;
}

export class ListOrdersDto extends ListOrdersOfCustomerDto {
  /** @example 'C-1001' */
  @IfPresent()
  @IsString()
  @MaxLength(191)
  customer_id?: string;
}
