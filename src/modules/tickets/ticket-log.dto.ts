import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, MaxLength, MinLength } from 'class-validator';
import { IfPresent } from '../../platform/http/validation/rules.js';
import { TICKET_STATUSES } from './domain/ticket-status.js';
import type { TicketStatus } from './domain/ticket-status.js';

const MAX_COMMENT_CHARACTERS = 20_000;

export class SyncTicketStatusDto {
  /**
   * May be repeated from the path, as some systems do; must name the same ticket.
   * @example 'T-2041'
   */
  @IfPresent()
  @IsString()
  @MinLength(1)
  @MaxLength(191)
  ticket_id?: string;

  /** @example 'processing' */
  @IsIn(TICKET_STATUSES)
  status: TicketStatus;

  /**
   * Who works on it: an agent by its id, or anybody of another system by whatever name; null for nobody. Left out it stays.
   * @example 'wang.fang'
   */
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(191)
  handler?: string | null;

  /**
   * When the other system wrote it: RFC 3339, or `yyyy-MM-dd HH:mm:ss` or `yyyy-MM-dd` in the time zone of the organization. Without it
   * the status is written now.
   * @example '2026-03-01 17:30:00'
   */
  @IfPresent()
  @IsString()
  @MaxLength(64)
  update_time?: string;

  /**
   * Becomes a comment on the ticket.
   * @example 'Asked the carrier.'
   */
  @IfPresent()
  @IsString()
  @MinLength(1)
  @MaxLength(MAX_COMMENT_CHARACTERS)
  comment?: string;
}

export class AddCommentDto {
  /** @example 'The carrier looks for it.' */
  @IsString()
  @MinLength(1)
  @MaxLength(MAX_COMMENT_CHARACTERS)
  content: string;

  /**
   * Who wrote it in the other system. Agents write as themselves.
   * @example 'wang.fang'
   */
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(191)
  author?: string | null;
}

export class CommentAuthorView {
  /** @example 'application' */
  type: 'agent' | 'application' | 'visitor';
  /**
   * The agent, the credential of the application, or the visitor.
   * @example 'key_01k5x6j3q8v4m2n7p9r1s5t6w0'
   */
  id: string;
  /**
   * Whom an application names.
   * @example 'wang.fang'
   */
  name: string | null;
}

export class TicketCommentView {
  /** @example 'tcm_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  id: string;
  /** @example 'The carrier looks for it.' */
  content: string;
  author: CommentAuthorView;
  /** @example '2026-03-01T09:30:00.000Z' */
  created_at: string;
}

export class TicketCommentPageView {
  data: TicketCommentView[];
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

const ANY_FIELD = [{ type: 'string' as const }, { type: 'array' as const, items: { type: 'string' as const } }, { type: 'null' as const }];

/** One field of a ticket that was changed. */
export class TicketChangeView {
  /** @example 'tch_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  id: string;
  /** @example 'status' */
  field: string;
  /**
   * The value before.
   * @example 'open'
   */
  @ApiProperty({ oneOf: ANY_FIELD as never })
  from: string | string[] | null;
  /**
   * The value after.
   * @example 'processing'
   */
  @ApiProperty({ oneOf: ANY_FIELD as never })
  to: string | string[] | null;
  /**
   * The agent, key or client; `system` for the service itself.
   * @example 'key_01k5x6j3q8v4m2n7p9r1s5t6w0'
   */
  by: string;
  /**
   * The application whose credential that was.
   * @example 'app_01k5x6j3q8v4m2n7p9r1s5t6w0'
   */
  application_id: string | null;
  /** @example '2026-03-01T09:30:00.000Z' */
  at: string;
}

export class TicketChangePageView {
  data: TicketChangeView[];
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
