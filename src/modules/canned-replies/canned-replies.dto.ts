import { ArrayMaxSize, IsArray, IsIn, IsString, Matches, MaxLength, MinLength } from 'class-validator';
import { PageQueryDto } from '../../platform/http/page-query.dto.js';
import { IfPresent } from '../../platform/http/validation/rules.js';
import { REPLY_SCOPES } from './domain/reply-scope.js';
import type { ReplyScope } from './domain/reply-scope.js';

export class UpdateCannedReplyDto {
  /**
   * What an agent types to get the text; unique among those of the same owner, without spaces.
   * @example '/sorry'
   */
  @IfPresent()
  @IsString()
  @Matches(/^\S+$/u, { message: '$property must be text without spaces' })
  @MinLength(1)
  @MaxLength(64)
  shortcut?: string;

  /** @example 'We are sorry' */
  @IfPresent()
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  title?: string;

  /** @example 'We are sorry that your parcel is late.' */
  @IfPresent()
  @IsString()
  @MinLength(1)
  @MaxLength(20_000)
  content?: string;

  /** @example ['parcel'] */
  @IfPresent()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  @MaxLength(100, { each: true })
  tags?: string[];
}

export class CreateCannedReplyDto extends UpdateCannedReplyDto {
  /**
   * For whom it is. When absent, an agent's own where an agent makes it, the organization's otherwise.
   * @example 'organization'
   */
  @IfPresent()
  @IsIn(REPLY_SCOPES)
  scope?: ReplyScope;

  /**
   * With the scope `department`: which; an agent's own when absent.
   * @example 'support'
   */
  @IfPresent()
  @IsString()
  @MinLength(1)
  @MaxLength(100)
  department?: string;

  /**
   * With the scope `agent`: whose; the caller's own when absent.
   * @example 'agt_01k5x6j3q8v4m2n7p9r1s5t6w0'
   */
  @IfPresent()
  @IsString()
  @MaxLength(64)
  agent_id?: string;

  /**
   * What an agent types to get the text; unique among those of the same owner, without spaces.
   * @example '/sorry'
   */
  @IsString()
  @Matches(/^\S+$/u, { message: '$property must be text without spaces' })
  @MinLength(1)
  @MaxLength(64)
  declare shortcut: string;

  /** @example 'We are sorry' */
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  declare title: string;

  /** @example 'We are sorry that your parcel is late.' */
  @IsString()
  @MinLength(1)
  @MaxLength(20_000)
  declare content: string;
}

export class ListCannedRepliesDto extends PageQueryDto {
  /** @example 'organization' */
  @IfPresent()
  @IsIn(REPLY_SCOPES)
  scope?: ReplyScope;

  /** @example 'support' */
  @IfPresent()
  @IsString()
  @MaxLength(100)
  department?: string;

  /** @example 'agt_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  @IfPresent()
  @IsString()
  @MaxLength(64)
  agent_id?: string;

  /** @example '/sorry' */
  @IfPresent()
  @IsString()
  @MaxLength(64)
  shortcut?: string;

  /** @example 'parcel' */
  @IfPresent()
  @IsString()
  @MaxLength(100)
  tag?: string;

  /**
   * Only those whose shortcut or title contains this, whatever its case and width.
   * @example 'sorry'
   */
  @IfPresent()
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  q?: string;
}

/** A text that agents send again and again. */
export class CannedReplyView {
  /** @example 'cnr_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  id: string;
  /** @example 'organization' */
  scope: 'organization' | 'department' | 'agent';
  /**
   * With the scope `department`.
   * @example null
   */
  department: string | null;
  /**
   * With the scope `agent`.
   * @example null
   */
  agent_id: string | null;
  /** @example '/sorry' */
  shortcut: string;
  /** @example 'We are sorry' */
  title: string;
  /** @example 'We are sorry that your parcel is late.' */
  content: string;
  /** @example ['parcel'] */
  tags: string[];
  /** @example '2026-03-01T09:30:00.000Z' */
  created_at: string;
  /** @example '2026-03-01T09:30:00.000Z' */
  updated_at: string;
}

export class CannedReplyPageView {
  data: CannedReplyView[];
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

export const CANNED_REPLY_WRITABLE: readonly (keyof CannedReplyView)[] = ['shortcut', 'title', 'content', 'tags'];
