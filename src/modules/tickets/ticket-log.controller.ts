import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../kernel/principal.js';
import { Allow, Caller } from '../../platform/http/allow.js';
import { ExampleAnswer, ExampleBodies, SortsBy } from '../../platform/http/documentation.js';
import { PageQueryDto } from '../../platform/http/page-query.dto.js';
import { AnswersResource } from '../../platform/http/resource-headers.js';
import { Throws } from '../../platform/http/throws.js';
import { ChangeTicket } from './change-ticket.js';
import { CommentTicket } from './comment-ticket.js';
import { AddCommentDto, SyncTicketStatusDto, TicketChangePageView, TicketCommentPageView, TicketCommentView } from './ticket-log.dto.js';
import { TicketsService } from './tickets.service.js';
import { TICKET_WRITABLE, TicketStatusView } from './tickets.view.dto.js';

/** What happens to a ticket: its status in another system, what is said about it, what was changed. */
@ApiTags('tickets')
@Controller('/api/v1/tickets')
export class TicketLogController {
  constructor(
    private readonly tickets: TicketsService,
    private readonly changes: ChangeTicket,
    private readonly commenting: CommentTicket,
  ) {}

  /**
   * Writes the status as another system has it. Of several writes the last one by `update_time` counts, in whatever order they arrive: one
   * that is older than the last, or comes again, changes nothing and answers the ticket as it is, with `applied` false. A change here, by
   * PUT, counts as written now.
   */
  @Post(':id/status')
  @HttpCode(200)
  @Allow('tickets:write')
  @ExampleBodies({
    'As another system has it': { status: 'processing', handler: 'wang.fang', update_time: '2026-03-01 17:30:00' },
    'Now, with a comment': { ticket_id: 'T-2041', status: 'resolved', comment: 'The parcel was found.' },
  })
  @ExampleAnswer({ status: 'processing', handler: 'wang.fang', agent_id: null, update_time: '2026-03-01T09:30:00.000Z', updated_at: '2026-03-01T09:31:00.000Z' })
  @AnswersResource({ etagFields: TICKET_WRITABLE })
  @Throws('ticket.not_found', 'ticket.invalid_transition', 'ticket.data_scope_exceeded')
  writeStatus(@Caller() caller: Principal, @Param('id') id: string, @Body() input: SyncTicketStatusDto): Promise<TicketStatusView> {
    return this.changes.writeStatus(caller, id, input);
  }

  /** Adds a comment. Agents write as themselves; an application may name the author. */
  @Post(':id/comments')
  @Allow('tickets:write')
  @AnswersResource({ location: '/api/v1/tickets/:id/comments' })
  @Throws('ticket.not_found', 'ticket.author_forbidden')
  comment(@Caller() caller: Principal, @Param('id') id: string, @Body() input: AddCommentDto): Promise<TicketCommentView> {
    return this.commenting.add(caller, id, input);
  }

  /** Lists the comments of a ticket, the newest first. */
  @Get(':id/comments')
  @Allow('tickets:read')
  @SortsBy('-created_at', 'created_at')
  @Throws('ticket.not_found')
  comments(@Caller() caller: Principal, @Param('id') id: string, @Query() page: PageQueryDto): Promise<TicketCommentPageView> {
    return this.tickets.comments(caller, id, page);
  }

  /** Gets one comment. */
  @Get(':id/comments/:comment_id')
  @Allow('tickets:read')
  @Throws('ticket.not_found', 'comment.not_found')
  commentById(@Caller() caller: Principal, @Param('id') id: string, @Param('comment_id') commentId: string): Promise<TicketCommentView> {
    return this.tickets.comment(caller, id, commentId);
  }

  /** Lists what was changed, field by field, the newest first. */
  @Get(':id/history')
  @Allow('tickets:read')
  @SortsBy('-created_at', 'created_at')
  @Throws('ticket.not_found')
  history(@Caller() caller: Principal, @Param('id') id: string, @Query() page: PageQueryDto): Promise<TicketChangePageView> {
    return this.tickets.history(caller, id, page);
  }
}
