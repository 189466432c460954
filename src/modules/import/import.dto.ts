import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsBoolean, IsIn, IsInt, IsOptional, IsString, Max, MaxLength, Min, MinLength, ValidateNested } from 'class-validator';
import { IfPresent } from '../../platform/http/validation/rules.js';
import { ConversationFieldsDto } from '../conversations/conversations.contract.dto.js';
import { VisitorFieldsDto } from '../visitors/visitors.contract.dto.js';
import { ImportMessageDto } from './import-message.dto.js';

export const MAX_CONVERSATIONS = 500;
export const MAX_MESSAGES = 5000;
const MAX_TRANSFERS = 100;
const STATUSES = ['queued', 'open', 'pending', 'closed'] as const;

export class ImportTransferDto {
  /** @example '2025-11-03T09:40:00Z' */
  @IsString()
  @MaxLength(40)
  at: string;

  /**
   * Id or username of the agent who got it; null for back into the queue.
   * @example 'wang'
   */
  @IsOptional()
  @IsString()
  @MaxLength(191)
  agent?: string | null;

  /** @example 'billing' */
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(100)
  department?: string | null;

  /** @example 'An invoice' */
  @IsOptional()
  @IsString()
  @MaxLength(500)
  reason?: string | null;
}

export class ImportRatingDto {
  /** @example 5 */
  @IsInt()
  @Min(1)
  @Max(5)
  score: number;

  /** @example 'Fast and kind' */
  @IsOptional()
  @IsString()
  @MaxLength(2000)
  comment?: string | null;

  /**
   * Where it is left out, when the conversation ended, or, of one that has not, the latest of all that happened in it.
   * @example '2025-11-03T10:05:00Z'
   */
  @IfPresent()
  @IsString()
  @MaxLength(40)
  at?: string;
}

/** A conversation as another system has kept it. `agent` and `department` are those with whom it began. Instants are RFC 3339, or `yyyy-MM-dd HH:mm:ss` in the organization's time zone. */
export class ImportConversationDto extends ConversationFieldsDto {
  /**
   * Its id in the other system: a conversation of the same id is brought in once.
   * @example 'old-system/4711'
   */
  @IsString()
  @MinLength(1)
  @MaxLength(191)
  external_id: string;

  /** Found by `external_id` and brought up to date, or created. */
  @IfPresent()
  @ValidateNested()
  @Type(() => VisitorFieldsDto)
  visitor?: VisitorFieldsDto;

  /**
   * A visitor that is here already, in place of `visitor`.
   * @example 'vis_01k5x6j3q8v4m2n7p9r1s5t6w0'
   */
  @IfPresent()
  @IsString()
  @MaxLength(64)
  visitor_id?: string;

  /**
   * Id or username of the agent to whom it was given first.
   * @example 'li'
   */
  @IsOptional()
  @IsString()
  @MaxLength(191)
  agent?: string | null;

  /**
   * `closed` when left out. One that is open or pending needs an enabled agent, and counts for that agent's load.
   * @example 'closed'
   */
  @IfPresent()
  @IsIn(STATUSES)
  status?: (typeof STATUSES)[number];

  /** @example '2025-11-03T09:30:00Z' */
  @IsString()
  @MaxLength(40)
  created_at: string;

  /**
   * When it was given to `agent`; `created_at` where it is left out.
   * @example '2025-11-03T09:31:00Z'
   */
  @IfPresent()
  @IsString()
  @MaxLength(40)
  assigned_at?: string;

  /**
   * When it ended; where it is left out, the latest of all that happened in it: its messages, assignment, transfers and rating, or
   * `created_at` where nothing did.
   * @example '2025-11-03T10:05:00Z'
   */
  @IfPresent()
  @IsString()
  @MaxLength(40)
  closed_at?: string;

  /** From agent to agent and department to department. */
  @IfPresent()
  @IsArray()
  @ArrayMaxSize(MAX_TRANSFERS)
  @ValidateNested({ each: true })
  @Type(() => ImportTransferDto)
  transfers?: ImportTransferDto[];

  @IsOptional()
  @ValidateNested()
  @Type(() => ImportRatingDto)
  rating?: ImportRatingDto | null;

  /** Up to 5,000; they are put into the order of their time. */
  @IfPresent()
  @IsArray()
  @ArrayMaxSize(MAX_MESSAGES)
  @ValidateNested({ each: true })
  @Type(() => ImportMessageDto)
  messages?: ImportMessageDto[];
}

export class ImportDto {
  /** Up to 500. Each is checked for itself: one that is refused does not keep out the others. */
  @ApiProperty({ type: [ImportConversationDto] })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_CONVERSATIONS)
  conversations: unknown[];

  /**
   * Whether callbacks and sockets are told of it all, as if it happened now. Then nothing may be older than
   * `EVENT_RETENTION_DAYS`.
   * @example false
   */
  @IfPresent()
  @IsBoolean()
  announce?: boolean;
}
