import { ArrayMaxSize, IsArray, IsIn, IsOptional, IsString, MaxLength, MinLength } from 'class-validator';
import { IfPresent, IsJsonObject } from '../../platform/http/validation/rules.js';
import { CONVERSATION_PRIORITIES } from './domain/conversation-status.js';
import type { ConversationPriority } from './domain/conversation-status.js';

const METADATA_BYTES = 16 * 1024;

/** What a conversation is about, and whom it is for. */
export class ConversationFieldsDto {
  /**
   * Where it takes place.
   * @example 'web'
   */
  @IfPresent()
  @IsString()
  @MinLength(1)
  @MaxLength(64)
  channel?: string;

  /** @example 'order' */
  @IsOptional()
  @IsString()
  @MaxLength(100)
  category?: string | null;

  /**
   * Only agents of this department are given the conversation.
   * @example 'support'
   */
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(100)
  department?: string | null;

  /** @example 'Where is my parcel?' */
  @IsOptional()
  @IsString()
  @MaxLength(500)
  subject?: string | null;

  /** @example 'normal' */
  @IfPresent()
  @IsIn(CONVERSATION_PRIORITIES)
  priority?: ConversationPriority;

  /**
   * Skills that the agent must have, all of them.
   * @example ['billing']
   */
  @IfPresent()
  @IsArray()
  @ArrayMaxSize(20)
  @IsString({ each: true })
  @MaxLength(64, { each: true })
  skills?: string[];

  /** @example ['parcel'] */
  @IfPresent()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  @MaxLength(100, { each: true })
  tags?: string[];

  /**
   * Up to 16 KiB of JSON.
   * @example { "page": "/checkout" }
   */
  @IfPresent()
  @IsJsonObject(METADATA_BYTES)
  metadata?: Record<string, unknown>;
}
