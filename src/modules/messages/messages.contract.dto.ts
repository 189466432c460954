import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, MaxLength, MinLength } from 'class-validator';
import { IfPresent, IsJsonObject } from '../../platform/http/validation/rules.js';
import { IsMessageContent, MAX_TEXT_CHARACTERS } from './message-content.js';
import { MESSAGE_TYPES } from './messages.contract.js';
import type { MessageContent, MessageType } from './messages.contract.js';

export const METADATA_BYTES = 16 * 1024;
export const TEXT_OR_OBJECT = [{ type: 'string', minLength: 1, maxLength: MAX_TEXT_CHARACTERS }, { type: 'object', additionalProperties: true }];

/** What a message says, whoever sends it. */
export class MessageFieldsDto {
  /** @example 'text' */
  @IsIn(MESSAGE_TYPES)
  type: MessageType;

  /**
   * Text of up to 20,000 characters for `text`, otherwise an object of up to 32 KiB.
   * @example 'Where is my parcel?'
   */
  @ApiProperty({ oneOf: TEXT_OR_OBJECT })
  @IsMessageContent()
  content: MessageContent;

  /**
   * Up to 16 KiB of JSON.
   * @example { "source": "app" }
   */
  @IfPresent()
  @IsJsonObject(METADATA_BYTES)
  metadata?: Record<string, unknown>;

  /**
   * Your own number of the message, unique within the conversation: the same one again makes no second message.
   * @example 'a7f3-0001'
   */
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(100)
  client_msg_no?: string | null;
}
