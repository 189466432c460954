import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, IsArray } from 'class-validator';
import { MessageViewDto, SendMessageDto } from './messages.dto.js';

export const MAX_BATCH = 500;

/** Many messages at once. */
export class MessageBatchDto {
  /** Each is checked for itself: one that is not valid is answered so, and the others are sent. */
  @ApiProperty({ type: [SendMessageDto], minItems: 1, maxItems: MAX_BATCH })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_BATCH)
  messages: unknown[];
}

export class MessageBatchFieldErrorView {
  /** @example 'content' */
  field: string;
  /** @example 'required' */
  code: string;
  /** @example 'content is required' */
  message: string;
}

/** Why a message of a batch was not sent. */
export class MessageBatchErrorView {
  /** @example 'request.invalid' */
  code: string;
  /** @example 'The request has invalid fields.' */
  message: string;
  /** With `request.invalid`: what is wrong with which field. */
  errors?: MessageBatchFieldErrorView[];
}

/** What became of one message of a batch. */
export class MessageBatchItemView {
  /**
   * Its place in the list that was sent, from 0.
   * @example 0
   */
  index: number;
  /**
   * `known` when its client_msg_no had been sent before, also by an earlier one of the batch; `invalid` ones were not sent.
   * @example 'created'
   */
  status: 'created' | 'known' | 'invalid';
  /** The message, or the first one of its client_msg_no; absent when it is invalid. */
  message?: MessageViewDto;
  /** With `invalid`. */
  error?: MessageBatchErrorView;
}

/** What became of a batch, message by message. */
export class MessageBatchView {
  /** In the order in which they were sent. */
  data: MessageBatchItemView[];
  /** @example 1 */
  created: number;
  /** @example 0 */
  known: number;
  /** @example 0 */
  invalid: number;
}
