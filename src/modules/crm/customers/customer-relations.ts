import { Injectable } from '@nestjs/common';
import type { Page, PageQuery } from '../../../kernel/page.js';
import type { Principal } from '../../../kernel/principal.js';
import { VisitorConversations } from '../../conversations/visitor-conversations.contract.js';
import type { ConversationView } from '../../conversations/visitor-conversations.contract.js';
import { Tickets } from '../../tickets/tickets.contract.js';
import type { TicketView } from '../../tickets/tickets.contract.js';
import { VisitorCustomers } from '../../visitors/visitor-customers.contract.js';
import type { ListOrdersOfCustomerDto } from '../orders/orders.dto.js';
import { OrdersService } from '../orders/orders.service.js';
import type { OrderView } from '../orders/orders.view.dto.js';
import type { ListConversationsOfCustomerDto } from './customer-relations.dto.js';
import { CustomersService } from './customers.service.js';
import { withOwnCursors } from './own-cursors.js';

/** More is not the visitor of one person any more. */
const MAX_VISITORS = 1000;

/** What belongs to a customer: each list throws `customer.not_found` for one that the caller may not see. */
@Injectable()
export class CustomerRelations {
  constructor(
    private readonly customers: CustomersService,
    private readonly customerOrders: OrdersService,
    private readonly visitors: VisitorCustomers,
    private readonly visitorConversations: VisitorConversations,
    private readonly customerTickets: Tickets,
  ) {}

  async orders(principal: Principal, customerId: string, filter: ListOrdersOfCustomerDto): Promise<Page<OrderView>> {
    await this.customers.get(principal, customerId);
    return withOwnCursors('orders', filter, (page) => this.customerOrders.list(principal, { ...page, customer_id: customerId }));
  }

  /** Of the first 1,000 visitors that are linked to it. */
  async conversations(principal: Principal, customerId: string, filter: ListConversationsOfCustomerDto): Promise<Page<ConversationView>> {
    await this.customers.get(principal, customerId);
    const visitorIds = await this.visitors.ofCustomer(principal.organizationId, customerId, MAX_VISITORS);
    return withOwnCursors('conversations', filter, (page) => this.visitorConversations.listOf(principal, visitorIds, page));
  }

  async tickets(principal: Principal, customerId: string, page: PageQuery): Promise<Page<TicketView>> {
    await this.customers.get(principal, customerId);
    return withOwnCursors('tickets', page, (own) => this.customerTickets.listOfCustomer(principal, customerId, own));
  }
}
