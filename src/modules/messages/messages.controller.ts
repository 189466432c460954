import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { Principal } from '../../kernel/principal.js';
import { Allow, Caller } from '../../platform/http/allow.js';
import { ExampleAnswer, ExampleBodies, SortsBy } from '../../platform/http/documentation.js';
import { IfMatch } from '../../platform/http/etag.js';
import { LargeBody } from '../../platform/http/large-body.js';
import { AnswersResource } from '../../platform/http/resource-headers.js';
import { Throws } from '../../platform/http/throws.js';
import { MessageBatchDto, MessageBatchView } from './message-batch.dto.js';
import { EditMessageDto, ListConversationMessagesDto, ListMessagesDto, MESSAGE_WRITABLE, MessagePageView, MessageViewDto, SendMessageDto } from './messages.dto.js';
import { MessagesService } from './messages.service.js';
import { SendBatch } from './send-batch.js';

const PATH = '/api/v1/messages';

@ApiTags('messages')
@Controller('/api/v1')
export class MessagesController {
  constructor(
    private readonly messages: MessagesService,
    private readonly batches: SendBatch,
  ) {}

  /** Sends a message. A `client_msg_no` that the conversation knows answers the first message with 200. */
  @Post('messages')
  @Allow('messages:write')
  @ExampleBodies({
    'Text of the visitor': {
      conversation_id: 'cnv_01k5x6j3q8v4m2n7p9r1s5t6w0', sender: { type: 'visitor' }, type: 'text', content: 'Where is my parcel?',
      metadata: { source: 'app' }, client_msg_no: 'a7f3-0001',
    },
    'Image from a bot': {
      conversation_id: 'cnv_01k5x6j3q8v4m2n7p9r1s5t6w0', sender: { type: 'bot', id: 'parcel-bot' }, type: 'image',
      content: { url: 'https://example.com/parcel.png', width: 800, height: 600 },
    },
  })
  @AnswersResource({ location: PATH, etagFields: MESSAGE_WRITABLE })
  @ApiCreatedResponse({ type: MessageViewDto })
  @ApiOkResponse({ type: MessageViewDto, description: 'This client_msg_no was sent before: the first message' })
  @Throws('conversation.not_found', 'conversation.closed', 'message.sender_forbidden', 'service.overloaded')
  async send(@Caller() caller: Principal, @Body() input: SendMessageDto, @Res({ passthrough: true }) reply: FastifyReply): Promise<MessageViewDto> {
    const { message, created } = await this.messages.send(caller, input);
    if (!created) reply.status(200);
    return message;
  }

  /**
   * Sends up to 500 messages in the order of their list. What is valid is stored in one transaction, and each item is
   * answered: what went wrong with one stops none of the others.
   */
  @Post('messages/batch')
  @HttpCode(200)
  @LargeBody()
  @Allow('messages:write')
  @ExampleBodies({
    'A question and its answer': {
      messages: [
        { conversation_id: 'cnv_01k5x6j3q8v4m2n7p9r1s5t6w0', sender: { type: 'visitor' }, type: 'text', content: 'Where is my parcel?', client_msg_no: 'a7f3-0007' },
        { conversation_id: 'cnv_01k5x6j3q8v4m2n7p9r1s5t6w0', sender: { type: 'bot', id: 'parcel-bot' }, type: 'text', content: 'It arrives tomorrow.', client_msg_no: 'a7f3-0008' },
      ],
    },
  })
  sendBatch(@Caller() caller: Principal, @Body() input: MessageBatchDto): Promise<MessageBatchView> {
    return this.batches.send(caller, input.messages);
  }

  /** Lists messages, the newest first; with `conversation_id` they can be sorted by `seq`, without it by `number`. */
  @Get('messages')
  @Allow('messages:read')
  @SortsBy('-created_at', 'created_at', '-number', 'number', '-seq', 'seq')
  list(@Caller() caller: Principal, @Query() filter: ListMessagesDto): Promise<MessagePageView> {
    return this.messages.list(caller, filter);
  }

  /** Lists the messages of one conversation, the newest first; `sort=seq` turns them round. */
  @Get('conversations/:id/messages')
  @Allow('messages:read')
  @SortsBy('-created_at', 'created_at', '-seq', 'seq')
  @Throws('conversation.not_found')
  listOfConversation(@Caller() caller: Principal, @Param('id') id: string, @Query() filter: ListConversationMessagesDto): Promise<MessagePageView> {
    return this.messages.listOfConversation(caller, id, filter);
  }

  /** Gets one message. */
  @Get('messages/:id')
  @Allow('messages:read')
  @AnswersResource({ etagFields: MESSAGE_WRITABLE })
  @Throws('message.not_found')
  get(@Caller() caller: Principal, @Param('id') id: string): Promise<MessageViewDto> {
    return this.messages.get(caller, id);
  }

  /** Edits a message. Agents edit their own only. */
  @Put('messages/:id')
  @Allow('messages:write')
  @ExampleAnswer({ content: 'Where is my parcel, please?', edited_at: '2026-03-01T09:31:00.000Z' })
  @AnswersResource({ etagFields: MESSAGE_WRITABLE })
  @Throws('message.not_found', 'message.recalled', 'message.not_own', 'request.precondition_failed')
  edit(@Caller() caller: Principal, @Param('id') id: string, @Body() input: EditMessageDto, @IfMatch() ifMatch?: string): Promise<MessageViewDto> {
    return this.messages.edit(caller, id, input, ifMatch);
  }

  /** Recalls a message. It stays in its place without content; agents recall their own only. */
  @Delete('messages/:id')
  @Allow('messages:write')
  @ExampleAnswer({ content: null, metadata: {}, deleted_at: '2026-03-01T09:31:00.000Z' })
  @AnswersResource({ etagFields: MESSAGE_WRITABLE })
  @Throws('message.not_found', 'message.not_own', 'request.precondition_failed')
  recall(@Caller() caller: Principal, @Param('id') id: string, @IfMatch() ifMatch?: string): Promise<MessageViewDto> {
    return this.messages.recall(caller, id, ifMatch);
  }
}
