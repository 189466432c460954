import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../kernel/principal.js';
import { Allow, Caller } from '../../platform/http/allow.js';
import { ExampleAnswer, ExampleBodies, SortsBy } from '../../platform/http/documentation.js';
import { AnswersResource } from '../../platform/http/resource-headers.js';
import { Throws } from '../../platform/http/throws.js';
import { AssignConversation } from './assign-conversation.js';
import { AssignConversationDto, AssignmentPageView, ListAssignmentsDto, RateConversationDto, TransferConversationDto } from './assignments.dto.js';
import { AssignmentHistory } from './assignment-history.js';
import { CONVERSATION_WRITABLE, ConversationView } from './conversations.dto.js';
import { ConversationsService } from './conversations.service.js';
import { RateConversation } from './rate-conversation.js';

@ApiTags('conversations')
@Controller('/api/v1/conversations/:id')
export class ConversationActionsController {
  constructor(
    private readonly conversations: ConversationsService,
    private readonly assignment: AssignConversation,
    private readonly rating: RateConversation,
    private readonly history: AssignmentHistory,
  ) {}

  /** Gives the conversation to an agent with room for it, whatever the agent's status. To go beyond what an agent takes, write `agent_id` by PUT. */
  @Post('assign')
  @HttpCode(200)
  @Allow('conversations:write')
  @AnswersResource({ etagFields: CONVERSATION_WRITABLE })
  @Throws('conversation.not_found', 'conversation.erased', 'conversation.closed', 'agent.at_capacity')
  async assign(@Caller() caller: Principal, @Param('id') id: string, @Body() input: AssignConversationDto): Promise<ConversationView> {
    return this.conversations.view(await this.assignment.assign(caller, id, input.agent_id));
  }

  /**
   * Tells that the agent has taken the conversation up, as a first message by the agent does too; until then it goes back to routing
   * when the agent goes away, or when the department's `assignment_timeout_seconds` have passed. An agent takes a queued conversation
   * for itself by it; an application accepts for the agent who has it.
   */
  @Post('accept')
  @HttpCode(200)
  @Allow('conversations:write')
  @ExampleAnswer({ accepted_at: '2026-03-01T09:30:05.000Z' })
  @AnswersResource({ etagFields: CONVERSATION_WRITABLE })
  @Throws('conversation.not_found', 'conversation.erased', 'conversation.closed', 'conversation.not_assigned', 'conversation.assigned_to_another', 'agent.at_capacity')
  async accept(@Caller() caller: Principal, @Param('id') id: string): Promise<ConversationView> {
    return this.conversations.view(await this.assignment.accept(caller, id));
  }

  /**
   * Hands the conversation on. To an agent with room for it: that one has it. To a department: it is routed there, or waits, and does
   * not come back at once to the agent who had it. Where it is there already, nothing changes.
   */
  @Post('transfer')
  @HttpCode(200)
  @Allow('conversations:write')
  @ExampleBodies({
    'To a department': { department: 'billing', reason: 'Asks for a refund' },
    'To an agent': { agent_id: 'agt_01k5x6j3q8v4m2n7p9r1s5t6w0', reason: 'Knows this customer' },
  })
  @ExampleAnswer({ department: 'billing', transfer_count: 1 })
  @AnswersResource({ etagFields: CONVERSATION_WRITABLE })
  @Throws('conversation.not_found', 'conversation.closed', 'agent.at_capacity')
  async transfer(@Caller() caller: Principal, @Param('id') id: string, @Body() input: TransferConversationDto): Promise<ConversationView> {
    return this.conversations.view(await this.assignment.transfer(caller, id, input));
  }

  /** Opens a closed conversation again: with the agent who had it, when that one is online and has room, otherwise through routing. */
  @Post('reopen')
  @HttpCode(200)
  @Allow('conversations:write')
  @AnswersResource({ etagFields: CONVERSATION_WRITABLE })
  @Throws('conversation.not_found', 'conversation.erased', 'conversation.not_closed')
  async reopen(@Caller() caller: Principal, @Param('id') id: string): Promise<ConversationView> {
    return this.conversations.view(await this.assignment.reopen(caller, id));
  }

  /**
   * Writes down the visitor's rating, whatever the status: some rate while they are still served, some days after the end. A later one
   * replaces it. The agent who serves the conversation cannot.
   */
  @Post('rating')
  @HttpCode(200)
  @Allow('conversations:write')
  @ExampleAnswer({ rating: 5, rating_comment: 'Quick and friendly', rated_at: '2026-03-01T09:45:00.000Z' })
  @AnswersResource({ etagFields: CONVERSATION_WRITABLE })
  @Throws('conversation.not_found', 'conversation.erased', 'conversation.rating_own')
  async rate(@Caller() caller: Principal, @Param('id') id: string, @Body() input: RateConversationDto): Promise<ConversationView> {
    return this.conversations.view(await this.rating.rate(caller, id, input));
  }

  /** Lists through whose hands the conversation went, the last step first. */
  @Get('assignments')
  @Allow('conversations:read')
  @SortsBy('-created_at', 'created_at')
  @Throws('conversation.not_found')
  assignments(@Caller() caller: Principal, @Param('id') id: string, @Query() filter: ListAssignmentsDto): Promise<AssignmentPageView> {
    return this.history.list(caller, id, filter);
  }
}
