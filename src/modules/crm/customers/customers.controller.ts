import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { invalidField } from '../../../kernel/domain-error.js';
import type { Principal } from '../../../kernel/principal.js';
import { Allow, Caller } from '../../../platform/http/allow.js';
import { ExampleBodies, SortsBy } from '../../../platform/http/documentation.js';
import { IfMatch } from '../../../platform/http/etag.js';
import { LargeBody } from '../../../platform/http/large-body.js';
import { Audited } from '../../../platform/http/request-origin.js';
import { AnswersResource } from '../../../platform/http/resource-headers.js';
import { Throws } from '../../../platform/http/throws.js';
import { validate } from '../../../platform/http/validation/validation.pipe.js';
import { BatchResultView } from '../upserts/batch.dto.js';
import { CustomerBatchDto, ListCustomersDto, PutCustomerDto, UpsertCustomerDto } from './customers.dto.js';
import { CustomersService } from './customers.service.js';
import { toCustomerView } from './customers.view.js';
import { CUSTOMER_WRITABLE, CustomerPageView, CustomerView } from './customers.view.dto.js';
import { UpsertCustomers } from './upsert-customers.js';

const PATH = '/api/v1/crm/customers';
const RESOURCE = { location: PATH, idField: 'customer_id', etagFields: CUSTOMER_WRITABLE };

@ApiTags('crm')
@Controller(PATH)
export class CustomersController {
  constructor(
    private readonly customers: CustomersService,
    private readonly upserts: UpsertCustomers,
  ) {}

  /** Makes a customer, or changes the one of this `customer_id`, with 200. Fields that the body leaves out stay as they are. */
  @Post()
  @Allow('crm:write')
  @AnswersResource(RESOURCE)
  @ApiCreatedResponse({ type: CustomerView })
  @ApiOkResponse({ type: CustomerView, description: 'This customer_id was known: the customer as it is now' })
  @Throws('customer.not_found', 'customer.data_scope_exceeded')
  async upsert(@Caller() caller: Principal, @Body() input: UpsertCustomerDto, @Res({ passthrough: true }) reply: FastifyReply): Promise<CustomerView> {
    const { status, row } = await this.upserts.one(caller, input);
    if (status !== 'created') reply.status(200);
    return toCustomerView(row);
  }

  /**
   * Makes or changes up to 1,000 customers. What is valid is stored, in transactions of 100, and each item is answered; of
   * several of one id the last wins. With an `Idempotency-Key` all of it is one transaction.
   */
  @Post('batch')
  @HttpCode(200)
  @LargeBody()
  @Allow('crm:write')
  @ExampleBodies({ 'Two customers': { customers: [{ customer_id: 'C-1001', name: '张三', phone: '13800138000', level: 'VIP', tags: ['重要客户'] }, { customer_id: 'C-1002', name: '李四' }] } })
  batch(@Caller() caller: Principal, @Body() input: CustomerBatchDto): Promise<BatchResultView> {
    return this.upserts.batch(caller, input.customers);
  }

  /** Lists customers, the newest first. */
  @Get()
  @Allow('crm:read')
  @SortsBy('-created_at', 'created_at', '-updated_at', 'updated_at')
  list(@Caller() caller: Principal, @Query() filter: ListCustomersDto): Promise<CustomerPageView> {
    return this.customers.list(caller, filter);
  }

  /** Gets one customer. */
  @Get(':customer_id')
  @Allow('crm:read')
  @AnswersResource({ etagFields: CUSTOMER_WRITABLE })
  @Throws('customer.not_found')
  get(@Caller() caller: Principal, @Param('customer_id') customerId: string): Promise<CustomerView> {
    return this.customers.get(caller, customerId);
  }

  /** Changes a customer, or makes it. Fields that the body leaves out stay as they are; null clears one. */
  @Put(':customer_id')
  @Allow('crm:write')
  @AnswersResource(RESOURCE)
  @Throws('customer.not_found', 'customer.data_scope_exceeded', 'request.precondition_failed')
  async put(@Caller() caller: Principal, @Param('customer_id') customerId: string, @Body() input: PutCustomerDto, @IfMatch() ifMatch?: string): Promise<CustomerView> {
    return toCustomerView((await this.upserts.one(caller, withId(customerId, input), ifMatch)).row);
  }

  /**
   * Deletes a customer. Its orders stay, and belong to it again if it comes back; visitors are linked to it no more. What was
   * told of it in events is kept as long as events are.
   */
  @Delete(':customer_id')
  @HttpCode(204)
  @Audited()
  @Allow('crm:write')
  @Throws('customer.not_found', 'request.precondition_failed')
  async remove(@Caller() caller: Principal, @Param('customer_id') customerId: string, @IfMatch() ifMatch?: string): Promise<void> {
    await this.customers.remove(caller, customerId, ifMatch);
  }
}

function withId(customerId: string, input: PutCustomerDto): UpsertCustomerDto {
  if ((input.customer_id ?? customerId) !== customerId) throw invalidField('customer_id', 'path.mismatch', 'customer_id is not the one of the path.');
  return validate(UpsertCustomerDto, { ...input, customer_id: customerId });
}
