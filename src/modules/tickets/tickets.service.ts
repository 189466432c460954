import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { mapPage } from '../../kernel/page.js';
import type { Page, PageQuery } from '../../kernel/page.js';
import type { Principal } from '../../kernel/principal.js';
import { Visitors } from '../visitors/visitors.contract.js';
import type { TicketChangeView, TicketCommentView } from './ticket-log.dto.js';
import { TicketLogRepository } from './ticket-log.repository.js';
import { Tickets } from './tickets.contract.js';
import type { ListTicketsDto } from './tickets.dto.js';
import { TicketsRepository } from './tickets.repository.js';
import { toChangeView, toCommentView, toTicketView } from './tickets.view.js';
import type { TicketView } from './tickets.view.dto.js';

/** Reads tickets and what belongs to them. */
@Injectable()
export class TicketsService extends Tickets {
  constructor(
    private readonly tickets: TicketsRepository,
    private readonly log: TicketLogRepository,
    private readonly visitors: Visitors,
    private readonly clock: Clock,
  ) {
    super();
  }

  async get(principal: Principal, id: string): Promise<TicketView> {
    return toTicketView(await this.tickets.get(principal, id), this.clock.now());
  }

  async list(principal: Principal, filter: ListTicketsDto): Promise<Page<TicketView>> {
    const now = this.clock.now();
    const { visitor_id } = filter;
    // The id of a visitor that was merged finds what it had.
    const wanted = visitor_id === undefined ? filter : { ...filter, visitor_id: await this.visitors.currentId(principal.organizationId, visitor_id) };
    return mapPage(await this.tickets.list(principal, wanted, now), (ticket) => toTicketView(ticket, now));
  }

  async listOfCustomer(principal: Principal, customerId: string, page: PageQuery): Promise<Page<TicketView>> {
    return this.list(principal, { ...page, customer_id: customerId });
  }

  async comment(principal: Principal, ticketId: string, id: string): Promise<TicketCommentView> {
    const ticket = await this.tickets.get(principal, ticketId);
    return toCommentView(await this.log.getComment(ticket.id, id));
  }

  async comments(principal: Principal, ticketId: string, page: PageQuery): Promise<Page<TicketCommentView>> {
    const ticket = await this.tickets.get(principal, ticketId);
    return mapPage(await this.log.listComments(ticket.id, page), toCommentView);
  }

  async history(principal: Principal, ticketId: string, page: PageQuery): Promise<Page<TicketChangeView>> {
    const ticket = await this.tickets.get(principal, ticketId);
    return mapPage(await this.log.listChanges(ticket.id, page), toChangeView);
  }
}
