import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../../kernel/principal.js';
import { Allow, Caller } from '../../../platform/http/allow.js';
import { ExampleBodies, SortsBy } from '../../../platform/http/documentation.js';
import { Audited } from '../../../platform/http/request-origin.js';
import { IfMatch } from '../../../platform/http/etag.js';
import { AnswersResource } from '../../../platform/http/resource-headers.js';
import { Throws } from '../../../platform/http/throws.js';
import { ChangeEndpoint } from './change-endpoint.js';
import { CreateEndpointDto, ListEndpointsDto, UpdateEndpointDto } from './endpoints.dto.js';
import { EndpointsService } from './endpoints.service.js';
import { CreatedEndpointView, ENDPOINT_WRITABLE, EndpointPageView, EndpointView } from './endpoints.view.dto.js';
import { RegisterEndpoint } from './register-endpoint.js';

const PATH = '/api/v1/callbacks';

@ApiTags('callbacks')
@Controller(PATH)
export class EndpointsController {
  constructor(
    private readonly endpoints: EndpointsService,
    private readonly registration: RegisterEndpoint,
    private readonly changing: ChangeEndpoint,
  ) {}

  /** Registers a URL; every event that is committed from now on is sent to it. Answers the signing secret once. */
  @Post()
  @Audited()
  @Allow('callbacks:write')
  @ExampleBodies({
    'All messages': { url: 'https://receiver.example.com/crossdesk', events: ['message.*'] },
    'With everything set': {
      url: 'https://receiver.example.com/crossdesk', events: ['conversation.created', 'message.*'], format: 'native', headers: { 'x-team': 'billing' },
      timeout_ms: 15000, retry: { schedule_seconds: [0, 5, 30, 120] }, ordering: 'none', rate_limit: { limit: 100, window_seconds: 60 },
      signing: 'hmac', secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', filter: { departments: ['support'], channels: ['web'] }, enabled: true,
      description: 'Billing system',
    },
    'Batches for a data warehouse': { url: 'https://receiver.example.com/crossdesk', events: ['*'], batch: { max_items: 500, max_wait_ms: 5000 } },
    'CloudEvents, signed with ed25519': {
      url: 'https://receiver.example.com/crossdesk', events: ['*'], format: 'cloudevents', format_options: { type_prefix: 'com.example.' }, signing: 'ed25519',
    },
    'The events of a conversation in order': { url: 'https://receiver.example.com/crossdesk', events: ['conversation.*', 'message.*'], ordering: 'per_conversation' },
  })
  @AnswersResource({ location: PATH, etagFields: ENDPOINT_WRITABLE })
  @Throws('callback.address_forbidden', 'callback.verification_failed', 'callback.creator_disabled')
  create(@Caller() caller: Principal, @Body() input: CreateEndpointDto): Promise<CreatedEndpointView> {
    return this.registration.create(caller, input);
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
  @Throws(
    'callback.not_found', 'callback.address_forbidden', 'callback.verification_failed', 'callback.creator_disabled', 'callback.signing_fixed', 'callback.changed_meanwhile',
    'request.precondition_failed',
  )
  update(@Caller() caller: Principal, @Param('id') id: string, @Body() input: UpdateEndpointDto, @IfMatch() ifMatch?: string): Promise<EndpointView> {
    return this.changing.update(caller, id, input, ifMatch);
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
