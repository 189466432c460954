import { IsBoolean, IsIn, IsInt, IsString, Max, MaxLength, Min, MinLength } from 'class-validator';
import { PageQueryDto } from '../../platform/http/page-query.dto.js';
import { FromText, IfPresent, IsInstantFilter } from '../../platform/http/validation/rules.js';
import { CONVERSATION_PRIORITIES, CONVERSATION_STATUSES } from './domain/conversation-status.js';
import type { ConversationPriority, ConversationStatus } from './domain/conversation-status.js';

export class ListConversationsDto extends PageQueryDto {
  /**
   * Only conversations whose subject, or one of whose messages, holds all of these words, whatever their case and width,
   * also Chinese words of two characters; a `*` behind a word asks for what begins with it. Without `sort`, those whose
   * subject matches come first, then those with the most messages that do, then the newest.
   * @example 'parcel'
   */
  @IfPresent()
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  q?: string;

  /** @example 'open' */
  @IfPresent()
  @IsIn(CONVERSATION_STATUSES)
  status?: ConversationStatus;

  /** @example 'agt_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  @IfPresent()
  @IsString()
  @MaxLength(64)
  agent_id?: string;

  /** @example 'vis_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  @IfPresent()
  @IsString()
  @MaxLength(64)
  visitor_id?: string;

  /** @example 'support' */
  @IfPresent()
  @IsString()
  @MaxLength(100)
  department?: string;

  /** @example 'web' */
  @IfPresent()
  @IsString()
  @MaxLength(64)
  channel?: string;

  /** @example 'order' */
  @IfPresent()
  @IsString()
  @MaxLength(100)
  category?: string;

  /** @example 'high' */
  @IfPresent()
  @IsIn(CONVERSATION_PRIORITIES)
  priority?: ConversationPriority;

  /**
   * Only those with this tag.
   * @example 'parcel'
   */
  @IfPresent()
  @IsString()
  @MaxLength(100)
  tag?: string;

  /** @example 5 */
  @FromText('integer')
  @IfPresent()
  @IsInt()
  @Min(1)
  @Max(5)
  rating?: number;

  /** @example false */
  @FromText('boolean')
  @IfPresent()
  @IsBoolean()
  off_hours?: boolean;

  /** @example 'inactivity' */
  @IfPresent()
  @IsString()
  @MaxLength(32)
  closed_reason?: string;

  /**
   * Only those that began at or after this instant, in RFC 3339.
   * @example '2026-03-01T00:00:00Z'
   */
  @IsInstantFilter()
  created_since?: number;

  /**
   * Only those that began before this instant.
   * @example '2099-01-01T00:00:00Z'
   */
  @IsInstantFilter()
  created_until?: number;

  /**
   * Only those that are closed since this instant or a later one.
   * @example '2026-03-01T00:00:00Z'
   */
  @IsInstantFilter()
  closed_since?: number;

  /**
   * Only those that were closed before this instant.
   * @example '2099-01-01T00:00:00Z'
   */
  @IsInstantFilter()
  closed_until?: number;
}
