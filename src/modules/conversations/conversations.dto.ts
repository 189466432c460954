import { Type } from 'class-transformer';
import { IsIn, IsOptional, IsString, MaxLength, ValidateNested } from 'class-validator';
import { IfPresent } from '../../platform/http/validation/rules.js';
import { VisitorFieldsDto } from '../visitors/visitors.contract.dto.js';
import { ConversationFieldsDto } from './conversations.contract.dto.js';
import { CONVERSATION_STATUSES } from './domain/conversation-status.js';
import type { ConversationStatus } from './domain/conversation-status.js';

class OwnConversationFieldsDto extends ConversationFieldsDto {
  /**
   * Agent who serves it. Without one the conversation is routed; null puts it back into the queue.
   * @example 'agt_01k5x6j3q8v4m2n7p9r1s5t6w0'
   */
  @IsOptional()
  @IsString()
  @MaxLength(64)
  agent_id?: string | null;
}

export class CreateConversationDto extends OwnConversationFieldsDto {
  /**
   * The visitor; or give `visitor` to find or make one.
   * @example 'vis_01k5x6j3q8v4m2n7p9r1s5t6w0'
   */
  @IfPresent()
  @IsString()
  @MaxLength(64)
  visitor_id?: string;

  /**
   * Found by `external_id` and brought up to date, or created.
   * @example { "external_id": "customer-4711", "name": "张三" }
   */
  @IfPresent()
  @ValidateNested()
  @Type(() => VisitorFieldsDto)
  visitor?: VisitorFieldsDto;
}

export class UpdateConversationDto extends OwnConversationFieldsDto {
  /** @example 'pending' */
  @IfPresent()
  @IsIn(CONVERSATION_STATUSES)
  status?: ConversationStatus;
}

/** A conversation between a visitor and the desk. */
export class ConversationView {
  /** @example 'cnv_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  id: string;
  /** @example 'vis_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  visitor_id: string;
  /** @example 'agt_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  agent_id: string | null;
  /** @example 'web' */
  channel: string;
  /** @example 'order' */
  category: string | null;
  /** @example 'support' */
  department: string | null;
  /** @example 'Where is my parcel?' */
  subject: string | null;
  /** @example 'normal' */
  priority: 'low' | 'normal' | 'high' | 'urgent';
  /** @example ['billing'] */
  skills: string[];
  /** @example ['parcel'] */
  tags: string[];
  /** @example { "page": "/checkout" } */
  metadata: Record<string, unknown>;
  /** @example 'open' */
  status: 'queued' | 'open' | 'pending' | 'closed';
  /**
   * 1 is next. Before it are counted those that its agents serve too: of its department or of none, and for one without a department
   * all. What waits for its department to open stands behind all others. Null when it is not queued.
   * @example null
   */
  queue_position: number | null;
  /**
   * `queue_position` times the time that it has lately taken until one more of these found an agent, by the last 20 of the past hour,
   * counted until now. Null when it is not queued, waits for its department to open, or fewer than two found one.
   * @example null
   */
  estimated_wait_seconds: number | null;
  /**
   * It came to its department outside of the business hours; in the queue it waits until they begin.
   * @example false
   */
  off_hours: boolean;
  /** @example 1 */
  unread_count: number;
  /** @example 3 */
  message_count: number;
  /** @example '2026-03-01T09:30:00.000Z' */
  created_at: string;
  /** @example '2026-03-01T09:30:00.000Z' */
  updated_at: string;
  /** @example '2026-03-01T09:30:00.000Z' */
  assigned_at: string | null;
  /**
   * When its agent accepted or answered it, or changed it otherwise; null again with each new agent, and when others reopen it.
   * @example '2026-03-01T09:30:05.000Z'
   */
  accepted_at: string | null;
  /** @example '2026-03-01T09:30:12.000Z' */
  first_response_at: string | null;
  /** @example '2026-03-01T09:31:40.000Z' */
  last_message_at: string | null;
  /**
   * How often it was transferred.
   * @example 0
   */
  transfer_count: number;
  /** @example null */
  closed_at: string | null;
  /**
   * Id of the agent or API key that closed it; `system` where nothing happened in it for too long.
   * @example null
   */
  closed_by: string | null;
  /**
   * `ended` by somebody, or `inactivity`.
   * @example null
   */
  closed_reason: string | null;
  /**
   * The visitor's score, 1 to 5.
   * @example null
   */
  rating: number | null;
  /** @example null */
  rating_comment: string | null;
  /** @example null */
  rated_at: string | null;
}

export class ConversationPageView {
  data: ConversationView[];
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

export const CONVERSATION_WRITABLE: readonly (keyof ConversationView)[] = [
  'agent_id', 'channel', 'category', 'department', 'subject', 'priority', 'skills', 'tags', 'metadata', 'status',
];
