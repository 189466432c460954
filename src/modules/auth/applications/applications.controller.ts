import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../../kernel/principal.js';
import { Allow, Caller } from '../../../platform/http/allow.js';
import { ExampleBodies, SortsBy } from '../../../platform/http/documentation.js';
import { IfMatch } from '../../../platform/http/etag.js';
import { Audited } from '../../../platform/http/request-origin.js';
import { AnswersResource } from '../../../platform/http/resource-headers.js';
import { Throws } from '../../../platform/http/throws.js';
import { APPLICATION_WRITABLE, ApplicationPageView, ApplicationView, CreateApplicationDto, ListApplicationsDto, UpdateApplicationDto } from './applications.dto.js';
import { ApplicationsService } from './applications.service.js';

const PATH = '/api/v1/applications';

@ApiTags('applications')
@Controller(PATH)
export class ApplicationsController {
  constructor(private readonly applications: ApplicationsService) {}

  /** Creates an application. It may do and see no more than who creates it. */
  @Post()
  @Audited()
  @Allow('applications:write')
  @ExampleBodies({
    'A chat widget': { name: 'Chat widget', scopes: ['conversations:write', 'messages:read', 'messages:write', 'visitors:write'] },
    'With everything set': {
      name: 'Order system', scopes: ['conversations:read', 'messages:read', 'messages:write'], ip_allowlist: ['203.0.113.0/24', '2001:db8::7'],
      rate_limit: { limit: 600, window_seconds: 60 }, data_scope: { departments: ['support'], channels: ['web'], agent_ids: [] }, enabled: true,
    },
  })
  @AnswersResource({ location: PATH, etagFields: APPLICATION_WRITABLE })
  @Throws('application.scope_not_held', 'application.data_scope_exceeded')
  create(@Caller() caller: Principal, @Body() input: CreateApplicationDto): Promise<ApplicationView> {
    return this.applications.create(caller, input);
  }

  /** Lists applications, the newest first. */
  @Get()
  @Allow('applications:read')
  @SortsBy('-created_at', 'created_at')
  list(@Caller() caller: Principal, @Query() filter: ListApplicationsDto): Promise<ApplicationPageView> {
    return this.applications.list(caller, filter);
  }

  /** Gets one application. */
  @Get(':id')
  @Allow('applications:read')
  @AnswersResource({ etagFields: APPLICATION_WRITABLE })
  @Throws('application.not_found')
  get(@Caller() caller: Principal, @Param('id') id: string): Promise<ApplicationView> {
    return this.applications.get(caller, id);
  }

  /** Changes an application; its credentials follow at once. Fields that the body leaves out stay as they are. */
  @Put(':id')
  @Audited()
  @Allow('applications:write')
  @AnswersResource({ etagFields: APPLICATION_WRITABLE })
  @Throws('application.not_found', 'application.scope_not_held', 'application.data_scope_exceeded', 'request.precondition_failed')
  update(@Caller() caller: Principal, @Param('id') id: string, @Body() input: UpdateApplicationDto, @IfMatch() ifMatch?: string): Promise<ApplicationView> {
    return this.applications.update(caller, id, input, ifMatch);
  }

  /** Removes an application and all its credentials, which are refused from now on. */
  @Delete(':id')
  @Audited()
  @HttpCode(204)
  @Allow('applications:write')
  @Throws('application.not_found', 'application.data_scope_exceeded', 'request.precondition_failed')
  async delete(@Caller() caller: Principal, @Param('id') id: string, @IfMatch() ifMatch?: string): Promise<void> {
    await this.applications.delete(caller, id, ifMatch);
  }
}
