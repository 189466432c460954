import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../../kernel/principal.js';
import { Allow, Caller } from '../../../platform/http/allow.js';
import { ExampleBodies, SortsBy } from '../../../platform/http/documentation.js';
import { Audited } from '../../../platform/http/request-origin.js';
import { IfMatch } from '../../../platform/http/etag.js';
import { AnswersResource } from '../../../platform/http/resource-headers.js';
import { Throws } from '../../../platform/http/throws.js';
import { CreateEndpointDto, CreatedEndpointView, ENDPOINT_WRITABLE, EndpointPageView, EndpointView, ListEndpointsDto, UpdateEndpointDto } from './endpoints.dto.js';
import { EndpointsService } from './endpoints.service.js';

const PATH = '/api/v1/callbacks';

@ApiTags('callbacks')
@Controller(PATH)
export class EndpointsController {
  constructor(private readonly endpoints: EndpointsService) {}

  /** Registers a URL; every event that is committed from now on is sent to it. Answers the signing secret once. */
  @Post()
  @Audited()
  @Allow('callbacks:write')
  @ExampleBodies({
    'All messages': { url: 'https://receiver.example.com/crossdesk', events: ['message.*'] },
    'With everything set': {
      url: 'https://receiver.example.com/crossdesk', events: ['conversation.created', 'message.*'], format: 'native', headers: { 'x-team': 'billing' },
      timeout_ms: 15000, retry: { schedule_seconds: [0, 5, 30, 120] }, filter: { departments: ['support'], channels: ['web'] }, enabled: true,
      description: 'Billing system',
    },
  })
  @AnswersResource({ location: PATH, etagFields: ENDPOINT_WRITABLE })
  @Throws('callback.address_forbidden', 'callback.creator_disabled')
  create(@Caller() caller: Principal, @Body() input: CreateEndpointDto): Promise<CreatedEndpointView> {
    return this.endpoints.create(caller, input);
  }

  /** Lists endpoints, the newest first. */
  @Get()
  @Allow('callbacks:read')
  @SortsBy('-created_at', 'created_at')
  list(@Caller() caller: Principal, @Query() filter: ListEndpointsDto): Promise<EndpointPageView> {
    return this.endpoints.list(caller, filter);
  }

  /** Gets one endpoint. */
  @Get(':id')
  @Allow('callbacks:read')
  @AnswersResource({ etagFields: ENDPOINT_WRITABLE })
  @Throws('callback.not_found')
  get(@Caller() caller: Principal, @Param('id') id: string): Promise<EndpointView> {
    return this.endpoints.get(caller, id);
  }

  /** Changes an endpoint. Fields that the body leaves out stay as they are. */
  @Put(':id')
  @Audited()
  @Allow('callbacks:write')
  @AnswersResource({ etagFields: ENDPOINT_WRITABLE })
  @Throws('callback.not_found', 'callback.address_forbidden', 'callback.creator_disabled', 'request.precondition_failed')
  update(@Caller() caller: Principal, @Param('id') id: string, @Body() input: UpdateEndpointDto, @IfMatch() ifMatch?: string): Promise<EndpointView> {
    return this.endpoints.update(caller, id, input, ifMatch);
  }

  /** Removes an endpoint and discards what was still to be delivered to it. */
  @Delete(':id')
  @Audited()
  @HttpCode(204)
  @Allow('callbacks:write')
  @Throws('callback.not_found', 'request.precondition_failed')
  async delete(@Caller() caller: Principal, @Param('id') id: string, @IfMatch() ifMatch?: string): Promise<void> {
    await this.endpoints.delete(caller, id, ifMatch);
  }
}
