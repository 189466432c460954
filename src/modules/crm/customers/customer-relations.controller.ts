import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../../kernel/principal.js';
import { Allow, Caller } from '../../../platform/http/allow.js';
import { SortsBy } from '../../../platform/http/documentation.js';
import { PageQueryDto } from '../../../platform/http/page-query.dto.js';
import { Throws } from '../../../platform/http/throws.js';
import { ConversationPageView } from '../../conversations/visitor-conversations.contract.js';
import { TicketPageView } from '../../tickets/tickets.contract.js';
import { ListOrdersOfCustomerDto } from '../orders/orders.dto.js';
import { OrderPageView } from '../orders/orders.view.dto.js';
import { CustomerRelations } from './customer-relations.js';
import { ListConversationsOfCustomerDto } from './customer-relations.dto.js';

@ApiTags('crm')
@Controller('/api/v1/crm/customers/:customer_id')
export class CustomerRelationsController {
  constructor(private readonly relations: CustomerRelations) {}

  /** Lists the orders of one customer, the newest first. */
  @Get('orders')
  @Allow('crm:read')
  @SortsBy('-created_at', 'created_at', '-updated_at', 'updated_at', '-create_time', 'create_time')
  @Throws('customer.not_found')
  orders(@Caller() caller: Principal, @Param('customer_id') customerId: string, @Query() filter: ListOrdersOfCustomerDto): Promise<OrderPageView> {
    return this.relations.orders(caller, customerId, filter);
  }

  /** Lists the conversations that the visitors of one customer began, as far as the caller may see them, the newest first. */
  @Get('conversations')
  @Allow('conversations:read')
  @SortsBy('-created_at', 'created_at', '-updated_at', 'updated_at')
  @Throws('customer.not_found')
  conversations(@Caller() caller: Principal, @Param('customer_id') customerId: string, @Query() filter: ListConversationsOfCustomerDto): Promise<ConversationPageView> {
    return this.relations.conversations(caller, customerId, filter);
  }

  /** Lists the tickets of one customer, as far as the caller may see them, the newest first. */
  @Get('tickets')
  @Allow('tickets:read')
  @SortsBy('-created_at', 'created_at', '-updated_at', 'updated_at', '-due_at', 'due_at')
  @Throws('customer.not_found')
  tickets(@Caller() caller: Principal, @Param('customer_id') customerId: string, @Query() page: PageQueryDto): Promise<TicketPageView> {
    return this.relations.tickets(caller, customerId, page);
  }
}
