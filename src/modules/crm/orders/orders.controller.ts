import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { invalidField } from '../../../kernel/domain-error.js';
import type { Principal } from '../../../kernel/principal.js';
import { Allow, Caller } from '../../../platform/http/allow.js';
import { ExampleBodies, SortsBy } from '../../../platform/http/documentation.js';
import { IfMatch } from '../../../platform/http/etag.js';
import { ExactNumbers } from '../../../platform/http/exact-numbers.js';
import { LargeBody } from '../../../platform/http/large-body.js';
import { Audited } from '../../../platform/http/request-origin.js';
import { AnswersResource } from '../../../platform/http/resource-headers.js';
import { Throws } from '../../../platform/http/throws.js';
import { validate } from '../../../platform/http/validation/validation.pipe.js';
import { BatchResultView } from '../upserts/batch.dto.js';
import { ListOrdersDto, OrderBatchDto, PutOrderDto, UpsertOrderDto } from './orders.dto.js';
import { OrdersService } from './orders.service.js';
import { toOrderView } from './orders.view.js';
import { ORDER_WRITABLE, OrderPageView, OrderView } from './orders.view.dto.js';
import { UpsertOrders } from './upsert-orders.js';

const PATH = '/api/v1/crm/orders';
const RESOURCE = { location: PATH, idField: 'order_id', etagFields: ORDER_WRITABLE };

@ApiTags('crm')
@Controller(PATH)
export class OrdersController {
  constructor(
    private readonly orders: OrdersService,
    private readonly upserts: UpsertOrders,
  ) {}

  /** Makes an order, or changes the one of this `order_id`, with 200. Fields that the body leaves out stay as they are; the customer may come later. */
  @Post()
  @Allow('crm:write')
  @ExactNumbers()
  @AnswersResource(RESOURCE)
  @ApiCreatedResponse({ type: OrderView })
  @ApiOkResponse({ type: OrderView, description: 'This order_id was known: the order as it is now' })
  @Throws('order.not_found', 'customer.not_found')
  async upsert(@Caller() caller: Principal, @Body() input: UpsertOrderDto, @Res({ passthrough: true }) reply: FastifyReply): Promise<OrderView> {
    const { status, row } = await this.upserts.one(caller, input);
    if (status !== 'created') reply.status(200);
    return toOrderView(row);
  }

  /**
   * Makes or changes up to 1,000 orders. What is valid is stored, in transactions of 100, and each item is answered; of
   * several of one id the last wins. With an `Idempotency-Key` all of it is one transaction.
   */
  @Post('batch')
  @HttpCode(200)
  @LargeBody()
  @ExactNumbers()
  @Allow('crm:write')
  @ExampleBodies({ 'Two orders': { orders: [{ order_id: 'O-2001', customer_id: 'C-1001', amount: 9999, status: 'paid', create_time: '2023-10-26 12:00:00' }, { order_id: 'O-2002', amount: '0.10', currency: 'CNY' }] } })
  batch(@Caller() caller: Principal, @Body() input: OrderBatchDto): Promise<BatchResultView> {
    return this.upserts.batch(caller, input.orders);
  }

  /** Lists orders, the newest first. */
  @Get()
  @Allow('crm:read')
  @SortsBy('-created_at', 'created_at', '-updated_at', 'updated_at', '-create_time', 'create_time')
  list(@Caller() caller: Principal, @Query() filter: ListOrdersDto): Promise<OrderPageView> {
    return this.orders.list(caller, filter);
  }

  /** Gets one order. */
  @Get(':order_id')
  @Allow('crm:read')
  @AnswersResource({ etagFields: ORDER_WRITABLE })
  @Throws('order.not_found')
  get(@Caller() caller: Principal, @Param('order_id') orderId: string): Promise<OrderView> {
    return this.orders.get(caller, orderId);
  }

  /** Changes an order, or makes it. Fields that the body leaves out stay as they are; null clears one. */
  @Put(':order_id')
  @Allow('crm:write')
  @ExactNumbers()
  @AnswersResource(RESOURCE)
  @Throws('order.not_found', 'customer.not_found', 'request.precondition_failed')
  async put(@Caller() caller: Principal, @Param('order_id') orderId: string, @Body() input: PutOrderDto, @IfMatch() ifMatch?: string): Promise<OrderView> {
    return toOrderView((await this.upserts.one(caller, withId(orderId, input), ifMatch)).row);
  }

  /** Deletes an order. */
  @Delete(':order_id')
  @HttpCode(204)
  @Audited()
  @Allow('crm:write')
  @Throws('order.not_found', 'request.precondition_failed')
  async remove(@Caller() caller: Principal, @Param('order_id') orderId: string, @IfMatch() ifMatch?: string): Promise<void> {
    await this.orders.remove(caller, orderId, ifMatch);
  }
}

function withId(orderId: string, input: PutOrderDto): UpsertOrderDto {
  if ((input.order_id ?? orderId) !== orderId) throw invalidField('order_id', 'path.mismatch', 'order_id is not the one of the path.');
  return validate(UpsertOrderDto, { ...input, order_id: orderId });
}
