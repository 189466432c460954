import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../kernel/principal.js';
import { Allow, Caller } from '../../platform/http/allow.js';
import { ExampleBodies, SortsBy } from '../../platform/http/documentation.js';
import { IfMatch } from '../../platform/http/etag.js';
import { Audited } from '../../platform/http/request-origin.js';
import { AnswersResource } from '../../platform/http/resource-headers.js';
import { Throws } from '../../platform/http/throws.js';
import { ChangeTicket } from './change-ticket.js';
import { CreateTicket } from './create-ticket.js';
import { CreateTicketDto, ListTicketsDto, UpdateTicketDto } from './tickets.dto.js';
import { TicketsService } from './tickets.service.js';
import { TICKET_WRITABLE, TicketPageView, TicketView } from './tickets.view.dto.js';

const PATH = '/api/v1/tickets';

@ApiTags('tickets')
@Controller(PATH)
export class TicketsController {
  constructor(
    private readonly tickets: TicketsService,
    private readonly creation: CreateTicket,
    private readonly changes: ChangeTicket,
  ) {}

  /** Makes a ticket, by itself or from a conversation. */
  @Post()
  @Allow('tickets:write')
  @ExampleBodies({
    'Out of another system': {
      ticket_id: 'T-2041', title: 'Parcel was not delivered', content: 'The parcel was left with a neighbour who is not at home.', priority: 'high', category: 'parcel',
      customer_id: 'C-1001', due_at: '2100-03-03T17:00:00Z', tags: ['parcel'],
    },
    'From a conversation, for an agent': {
      title: 'Call back about the refund', conversation_id: 'cnv_01k5x6j3q8v4m2n7p9r1s5t6w0', handler: 'agt_01k5x6j3q8v4m2n7p9r1s5t6w0', department: 'support',
    },
  })
  @AnswersResource({ location: PATH, etagFields: TICKET_WRITABLE })
  @Throws('ticket.ticket_id_taken', 'ticket.data_scope_exceeded', 'conversation.erased')
  create(@Caller() caller: Principal, @Body() input: CreateTicketDto): Promise<TicketView> {
    return this.creation.create(caller, input);
  }

  /** Lists tickets, the newest first. By `due_at` those without a due date come last. */
  @Get()
  @Allow('tickets:read')
  @SortsBy('-created_at', 'created_at', '-updated_at', 'updated_at', '-due_at', 'due_at')
  list(@Caller() caller: Principal, @Query() filter: ListTicketsDto): Promise<TicketPageView> {
    return this.tickets.list(caller, filter);
  }

  /** Gets one ticket, by its `id` or its `ticket_id`. */
  @Get(':id')
  @Allow('tickets:read')
  @AnswersResource({ etagFields: TICKET_WRITABLE })
  @Throws('ticket.not_found')
  get(@Caller() caller: Principal, @Param('id') id: string): Promise<TicketView> {
    return this.tickets.get(caller, id);
  }

  /** Changes a ticket. Fields that the body leaves out stay as they are; null clears one. */
  @Put(':id')
  @Allow('tickets:write')
  @ExampleBodies({
    'To somebody, until a day': { handler: 'agt_01k5x6j3q8v4m2n7p9r1s5t6w0', due_at: '2100-03-03T17:00:00Z' },
    'Being worked on': { status: 'processing', priority: 'urgent' },
  })
  @AnswersResource({ etagFields: TICKET_WRITABLE })
  @Throws(
    'ticket.not_found', 'ticket.invalid_transition', 'ticket.ticket_id_taken', 'ticket.other_visitor', 'ticket.data_scope_exceeded', 'conversation.erased',
    'request.precondition_failed',
  )
  update(@Caller() caller: Principal, @Param('id') id: string, @Body() input: UpdateTicketDto, @IfMatch() ifMatch?: string): Promise<TicketView> {
    return this.changes.update(caller, id, input, ifMatch);
  }

  /** Deletes a ticket with its comments and its history. Its `ticket_id` can be used again. */
  @Delete(':id')
  @HttpCode(204)
  @Audited()
  @Allow('tickets:write')
  @Throws('ticket.not_found', 'request.precondition_failed')
  remove(@Caller() caller: Principal, @Param('id') id: string, @IfMatch() ifMatch?: string): Promise<void> {
    return this.changes.remove(caller, id, ifMatch);
  }
}
