import { Body, Controller, Delete, Get, Param, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../kernel/principal.js';
import { Allow, Caller } from '../../platform/http/allow.js';
import { ExampleAnswer, ExampleBodies, SortsBy } from '../../platform/http/documentation.js';
import { IfMatch } from '../../platform/http/etag.js';
import { AnswersResource } from '../../platform/http/resource-headers.js';
import { Throws } from '../../platform/http/throws.js';
import { CONVERSATION_WRITABLE, ConversationPageView, ConversationView, CreateConversationDto, UpdateConversationDto } from './conversations.dto.js';
import { ListConversationsDto } from './list-conversations.dto.js';
import { ConversationsService } from './conversations.service.js';
import { CreateConversation } from './create-conversation.js';
import { UpdateConversation } from './update-conversation.js';

const PATH = '/api/v1/conversations';

@ApiTags('conversations')
@Controller(PATH)
export class ConversationsController {
  constructor(
    private readonly conversations: ConversationsService,
    private readonly creation: CreateConversation,
    private readonly changes: UpdateConversation,
  ) {}

  /** Begins a conversation; without `agent_id` it goes to the least loaded online agent, or waits in the queue. */
  @Post()
  @Allow('conversations:write')
  @ExampleBodies({
    'A visitor by your own id': { visitor: { external_id: 'customer-4711', name: '张三' }, channel: 'web', subject: 'Where is my parcel?' },
    'A known visitor, for a department': {
      visitor_id: 'vis_01k5x6j3q8v4m2n7p9r1s5t6w0', channel: 'web', department: 'support', skills: ['billing'], priority: 'high',
      tags: ['parcel'], metadata: { page: '/checkout' },
    },
  })
  @AnswersResource({ location: PATH, etagFields: CONVERSATION_WRITABLE })
  @Throws('conversation.data_scope_exceeded')
  async create(@Caller() caller: Principal, @Body() input: CreateConversationDto): Promise<ConversationView> {
    return this.conversations.view(await this.creation.create(caller, input));
  }

  /** Lists conversations, the newest first. */
  @Get()
  @Allow('conversations:read')
  @SortsBy('-created_at', 'created_at', '-updated_at', 'updated_at')
  list(@Caller() caller: Principal, @Query() filter: ListConversationsDto): Promise<ConversationPageView> {
    return this.conversations.list(caller, filter);
  }

  /** Gets one conversation. */
  @Get(':id')
  @Allow('conversations:read')
  @AnswersResource({ etagFields: CONVERSATION_WRITABLE })
  @Throws('conversation.not_found')
  get(@Caller() caller: Principal, @Param('id') id: string): Promise<ConversationView> {
    return this.conversations.get(caller, id);
  }

  /** Changes a conversation, its agent and status among the rest. Fields that the body leaves out stay as they are. */
  @Put(':id')
  @Allow('conversations:write')
  @ExampleBodies({
    'Another subject and priority': { subject: 'Where is my parcel?', priority: 'high', tags: ['parcel'] },
    'To another agent': { agent_id: 'agt_01k5x6j3q8v4m2n7p9r1s5t6w0' },
    'Waiting for the visitor': { status: 'pending' },
    'Back into the queue of a department': { agent_id: null, department: 'billing' },
  })
  @AnswersResource({ etagFields: CONVERSATION_WRITABLE })
  @Throws('conversation.not_found', 'conversation.erased', 'conversation.closed', 'conversation.invalid_transition', 'conversation.no_agent_available', 'agent.at_capacity', 'request.precondition_failed')
  async update(@Caller() caller: Principal, @Param('id') id: string, @Body() input: UpdateConversationDto, @IfMatch() ifMatch?: string): Promise<ConversationView> {
    return this.conversations.view(await this.changes.update(caller, id, input, ifMatch));
  }

  /** Ends the conversation and answers it; ending it again changes nothing. */
  @Delete(':id')
  @Allow('conversations:write')
  @ExampleAnswer({ status: 'closed', closed_at: '2026-03-01T09:42:00.000Z', closed_by: 'agt_01k5x6j3q8v4m2n7p9r1s5t6w0' })
  @AnswersResource({ etagFields: CONVERSATION_WRITABLE })
  @Throws('conversation.not_found', 'conversation.erased', 'request.precondition_failed')
  async close(@Caller() caller: Principal, @Param('id') id: string, @IfMatch() ifMatch?: string): Promise<ConversationView> {
    return this.conversations.view(await this.changes.close(caller, id, ifMatch));
  }
}
