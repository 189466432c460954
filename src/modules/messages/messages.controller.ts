import { Body, Controller, Delete, Get, Param, Post, Put, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { Principal } from '../../kernel/principal.js';
import { Allow, Caller } from '../../platform/http/allow.js';
import { IfMatch } from '../../platform/http/etag.js';
import { AnswersResource } from '../../platform/http/resource-headers.js';
import { Throws } from '../../platform/http/throws.js';
import { EditMessageDto, ListConversationMessagesDto, ListMessagesDto, MESSAGE_WRITABLE, MessagePageView, MessageViewDto, SendMessageDto } from './messages.dto.js';
import { MessagesService } from './messages.service.js';

const PATH = '/api/v1/messages';

@ApiTags('messages')
@Controller('/api/v1')
export class MessagesController {
  constructor(private readonly messages: MessagesService) {}

  /** Sends a message. A `client_msg_no` that the conversation knows answers the first message with 200. */
  @Post('messages')
  @Allow('messages:write')
  @AnswersResource({ location: PATH, etagFields: MESSAGE_WRITABLE })
  @ApiOkResponse({ type: MessageViewDto, description: 'This client_msg_no was sent before: the first message' })
  @Throws('conversation.not_found', 'conversation.closed', 'message.sender_forbidden')
  async send(@Caller() caller: Principal, @Body() input: SendMessageDto, @Res({ passthrough: true }) reply: FastifyReply): Promise<MessageViewDto> {
    const { message, created } = await this.messages.send(caller, input);
    if (!created) reply.status(200);
    return message;
  }

  /** Lists messages, the newest first. */
  @Get('messages')
  @Allow('messages:read')
  list(@Caller() caller: Principal, @Query() filter: ListMessagesDto): Promise<MessagePageView> {
    return this.messages.list(caller, filter);
  }

  /** Lists the messages of one conversation, the newest first; `sort=seq` for the oldest first. */
  @Get('conversations/:id/messages')
  @Allow('messages:read')
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

  /** Edits a message; agents their own only. */
  @Put('messages/:id')
  @Allow('messages:write')
  @AnswersResource({ etagFields: MESSAGE_WRITABLE })
  @Throws('message.not_found', 'message.recalled', 'message.not_own', 'request.precondition_failed')
  edit(@Caller() caller: Principal, @Param('id') id: string, @Body() input: EditMessageDto, @IfMatch() ifMatch?: string): Promise<MessageViewDto> {
    return this.messages.edit(caller, id, input, ifMatch);
  }

  /** Recalls a message: it stays in its place without content. */
  @Delete('messages/:id')
  @Allow('messages:write')
  @AnswersResource({ etagFields: MESSAGE_WRITABLE })
  @Throws('message.not_found', 'message.not_own', 'request.precondition_failed')
  recall(@Caller() caller: Principal, @Param('id') id: string, @IfMatch() ifMatch?: string): Promise<MessageViewDto> {
    return this.messages.recall(caller, id, ifMatch);
  }
}
