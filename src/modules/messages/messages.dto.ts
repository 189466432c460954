import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, MaxLength, Min, MinLength, ValidateNested } from 'class-validator';
import { PageQueryDto } from '../../platform/http/page-query.dto.js';
import { FromText, IfPresent, IsInstantFilter, IsJsonObject } from '../../platform/http/validation/rules.js';
import { IsMessageContent } from './message-content.js';
import { MessageFieldsDto, METADATA_BYTES, TEXT_OR_OBJECT } from './messages.contract.dto.js';
import { MESSAGE_TYPES, SENDER_TYPES } from './messages.contract.js';
import type { MessageContent, MessageType, SenderType } from './messages.contract.js';

export class SenderDto {
  /** @example 'visitor' */
  @IsIn(SENDER_TYPES)
  type: SenderType;

  /**
   * Id of the visitor or agent; a visitor's may be left out. Free for bots and the system.
   * @example 'vis_01k5x6j3q8v4m2n7p9r1s5t6w0'
   */
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(64)
  id?: string | null;
}

export class SendMessageDto extends MessageFieldsDto {
  /** @example 'cnv_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  @IsString()
  @MaxLength(64)
  conversation_id: string;

  /** Applications name the sender; agents send as themselves. */
  @IfPresent()
  @ValidateNested()
  @Type(() => SenderDto)
  sender?: SenderDto;
}

export class EditMessageDto {
  /** @example 'Where is my parcel, please?' */
  @IfPresent()
  @ApiProperty({ oneOf: TEXT_OR_OBJECT })
  @IsMessageContent({ typeUnknown: true })
  content?: MessageContent;

  /** @example { "source": "app" } */
  @IfPresent()
  @IsJsonObject(METADATA_BYTES)
  metadata?: Record<string, unknown>;
}

export class ListConversationMessagesDto extends PageQueryDto {
  /**
   * Only messages that hold all of these words, whatever their case and width, also Chinese words of two characters; a
   * `*` behind a word asks for what begins with it. The most relevant of the 500 newest matches come first; with `sort`
   * all that match come in that order. Here `created_at` is the order in which messages were stored: of history that was
   * brought in it is not that of its own times.
   * @example 'parcel'
   */
  @IfPresent()
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  q?: string;

  /**
   * Only messages after this seq.
   * @example 0
   */
  @FromText('integer')
  @IfPresent()
  @IsInt()
  @Min(0)
  after_seq?: number;

  /** @example 'text' */
  @IfPresent()
  @IsIn(MESSAGE_TYPES)
  type?: MessageType;

  /** @example 'visitor' */
  @IfPresent()
  @IsIn(SENDER_TYPES)
  sender_type?: SenderType;

  /**
   * Only those that this visitor or agent sent.
   * @example 'vis_01k5x6j3q8v4m2n7p9r1s5t6w0'
   */
  @IfPresent()
  @IsString()
  @MaxLength(64)
  sender_id?: string;

  /**
   * Only those that were sent at or after this instant, in RFC 3339.
   * @example '2026-03-01T00:00:00Z'
   */
  @IsInstantFilter()
  since?: number;

  /**
   * Only those that were sent before this instant.
   * @example '2099-01-01T00:00:00Z'
   */
  @IsInstantFilter()
  until?: number;
}

export class ListMessagesDto extends ListConversationMessagesDto {
  /** @example 'cnv_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  @IfPresent()
  @IsString()
  @MaxLength(64)
  conversation_id?: string;

  /** @example 'a7f3-0001' */
  @IfPresent()
  @IsString()
  @MaxLength(100)
  client_msg_no?: string;
}

export class SenderViewDto {
  /** @example 'visitor' */
  type: 'visitor' | 'agent' | 'bot' | 'system';
  /** @example 'vis_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  id: string | null;
}

/** A message. A recalled one stays in its place without content. */
export class MessageViewDto {
  /** @example 'msg_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  id: string;
  /** @example 'cnv_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  conversation_id: string;
  sender: SenderViewDto;
  /** @example 'text' */
  type: 'text' | 'image' | 'file' | 'voice' | 'video' | 'location' | 'link' | 'card' | 'event';
  /**
   * Text for `text`, an object otherwise, null once recalled.
   * @example 'Where is my parcel?'
   */
  @ApiProperty({ oneOf: [...TEXT_OR_OBJECT, { type: 'null' }] })
  content: string | Record<string, unknown> | null;
  /** @example { "source": "app" } */
  metadata: Record<string, unknown>;
  /** @example 'a7f3-0001' */
  client_msg_no: string | null;
  /**
   * Unique and increasing over all messages.
   * @example 48211
   */
  number: number;
  /**
   * 1, 2, 3 … within the conversation, without gaps.
   * @example 1
   */
  seq: number;
  /** @example 'sent' */
  status: 'sent' | 'delivered' | 'read';
  /** @example '2026-03-01T09:30:00.000Z' */
  created_at: string;
  /** @example null */
  edited_at: string | null;
  /** @example null */
  deleted_at: string | null;
}

export class MessagePageView {
  data: MessageViewDto[];
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

export const MESSAGE_WRITABLE: readonly (keyof MessageViewDto)[] = ['content', 'metadata', 'deleted_at'];
