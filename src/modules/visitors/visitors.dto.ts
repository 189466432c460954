import { IsBoolean, IsString, Matches, MaxLength } from 'class-validator';
import { PageQueryDto } from '../../platform/http/page-query.dto.js';
import { FromText, IfPresent, IsInstantFilter } from '../../platform/http/validation/rules.js';
import { VisitorFieldsDto } from './visitors.contract.dto.js';

export class CreateVisitorDto extends VisitorFieldsDto {}

export class UpdateVisitorDto extends VisitorFieldsDto {}

/** What finds visitors. */
export class FindVisitorsDto extends PageQueryDto {
  /**
   * Words of the name, e-mail, mobile or external_id, or the beginnings of such: each of them must be found. Of Chinese,
   * Japanese, Korean and Thai any part of the text, of a mobile number also its last four or more digits; case does not
   * matter.
   * @example 'zhang'
   */
  @IfPresent()
  @IsString()
  @MaxLength(200)
  @Matches(/\S/, { message: '$property must hold something to look for' })
  q?: string;

  /** @example 'customer-4711' */
  @IfPresent()
  @IsString()
  @MaxLength(191)
  external_id?: string;

  /** @example 'zhang.san@example.com' */
  @IfPresent()
  @IsString()
  @MaxLength(254)
  email?: string;

  /** @example '13800138000' */
  @IfPresent()
  @IsString()
  @MaxLength(40)
  mobile?: string;

  /** @example 'C-1001' */
  @IfPresent()
  @IsString()
  @MaxLength(191)
  customer_id?: string;

  /** @example '张三' */
  @IfPresent()
  @IsString()
  @MaxLength(200)
  name?: string;

  /** @example 'member' */
  @IfPresent()
  @IsString()
  @MaxLength(64)
  visitor_type?: string;

  /** @example 'vip' */
  @IfPresent()
  @IsString()
  @MaxLength(100)
  tag?: string;

  /**
   * Only visitors that were created at or after this instant, in RFC 3339.
   * @example '2026-03-01T09:30:00Z'
   */
  @IsInstantFilter()
  since?: number;

  /**
   * Only visitors that were created before this instant, in RFC 3339.
   * @example '2026-03-02T09:30:00Z'
   */
  @IsInstantFilter()
  until?: number;
}

export class ListVisitorsDto extends FindVisitorsDto {
  /** @example true */
  @FromText('boolean')
  @IfPresent()
  @IsBoolean()
  online?: boolean;
}

/** A visitor. */
export class VisitorView {
  /** @example 'vis_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  id: string;
  /** @example 'customer-4711' */
  external_id: string | null;
  /** @example '张三' */
  name: string | null;
  /** @example 'zhang.san@example.com' */
  email: string | null;
  /** @example '13800138000' */
  mobile: string | null;
  /** @example 'https://example.com/zhang-san.png' */
  avatar_url: string | null;
  /** @example 'zh-CN' */
  language: string | null;
  /** @example 'member' */
  visitor_type: string | null;
  /** @example ['vip'] */
  tags: string[];
  /** @example { "plan": "gold" } */
  metadata: Record<string, unknown>;
  /** @example 'C-1001' */
  customer_id: string | null;
  /** @example 'apns:8f2c' */
  push_info: string | null;
  /** @example 'free text' */
  my_data: string | null;
  /** @example false */
  online: boolean;
  /** @example null */
  last_seen_at: string | null;
  /** @example '2026-03-01T09:30:00.000Z' */
  created_at: string;
  /** @example '2026-03-01T09:30:00.000Z' */
  updated_at: string;
}

export class VisitorPageView {
  data: VisitorView[];
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

export const VISITOR_WRITABLE: readonly (keyof VisitorView)[] = [
  'external_id', 'name', 'email', 'mobile', 'avatar_url', 'language', 'visitor_type', 'tags', 'metadata', 'customer_id', 'push_info', 'my_data',
];
