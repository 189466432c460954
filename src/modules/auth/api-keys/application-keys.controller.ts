import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../../kernel/principal.js';
import { Allow, Caller } from '../../../platform/http/allow.js';
import { ExampleBodies, SortsBy } from '../../../platform/http/documentation.js';
import { Audited } from '../../../platform/http/request-origin.js';
import { AnswersResource } from '../../../platform/http/resource-headers.js';
import { Throws } from '../../../platform/http/throws.js';
import { ApiKeyPageView, ApiKeyView, CreateApiKeyDto, CreatedApiKeyView, ListApiKeysDto, RotateApiKeyDto } from './application-keys.dto.js';
import { ApplicationKeysService } from './application-keys.service.js';

const PATH = '/api/v1/applications/:id/api-keys';

@ApiTags('applications')
@Controller(PATH)
export class ApplicationKeysController {
  constructor(private readonly keys: ApplicationKeysService) {}

  /** Makes an API key of the application, and answers it once. */
  @Post()
  @Audited()
  @Allow('applications:write')
  @ExampleBodies({
    'May do what the application may': { name: 'Production' },
    'May do less, and ends by itself': { name: 'Trial', scopes: ['messages:read'], expires_at: '2027-03-01T09:30:00Z' },
  })
  @AnswersResource({ location: PATH })
  @Throws('application.not_found', 'application.scope_not_held', 'application.data_scope_exceeded', 'api_key.too_many')
  create(@Caller() caller: Principal, @Param('id') id: string, @Body() input: CreateApiKeyDto): Promise<CreatedApiKeyView> {
    return this.keys.create(caller, id, input);
  }

  /** Lists the API keys of an application, the newest first; never the keys themselves. */
  @Get()
  @Allow('applications:read')
  @SortsBy('-created_at', 'created_at')
  @Throws('application.not_found')
  list(@Caller() caller: Principal, @Param('id') id: string, @Query() page: ListApiKeysDto): Promise<ApiKeyPageView> {
    return this.keys.list(caller, id, page);
  }

  /** Gets one API key of an application. */
  @Get(':key_id')
  @Allow('applications:read')
  @Throws('application.not_found', 'api_key.not_found')
  get(@Caller() caller: Principal, @Param('id') id: string, @Param('key_id') keyId: string): Promise<ApiKeyView> {
    return this.keys.get(caller, id, keyId);
  }

  /** Revokes an API key: it is refused from now on, and its sockets end. */
  @Delete(':key_id')
  @Audited()
  @HttpCode(204)
  @Allow('applications:write')
  @Throws('application.not_found', 'application.data_scope_exceeded', 'api_key.not_found')
  async revoke(@Caller() caller: Principal, @Param('id') id: string, @Param('key_id') keyId: string): Promise<void> {
    await this.keys.revoke(caller, id, keyId);
  }

  /** Makes a new API key in the place of another one, which stays good for the overlap. Answers the new one once. */
  @Post(':key_id/rotate')
  @Audited()
  @Allow('applications:write')
  @AnswersResource({ location: PATH })
  @Throws('application.not_found', 'application.scope_not_held', 'application.data_scope_exceeded', 'api_key.not_found', 'api_key.rotated', 'api_key.expired', 'api_key.too_many')
  rotate(@Caller() caller: Principal, @Param('id') id: string, @Param('key_id') keyId: string, @Body() input: RotateApiKeyDto): Promise<CreatedApiKeyView> {
    return this.keys.rotate(caller, id, keyId, input);
  }
}
