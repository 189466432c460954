import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../../kernel/principal.js';
import { Allow, Caller } from '../../../platform/http/allow.js';
import { ExampleBodies, SortsBy } from '../../../platform/http/documentation.js';
import { IfMatch } from '../../../platform/http/etag.js';
import { Audited } from '../../../platform/http/request-origin.js';
import { AnswersResource } from '../../../platform/http/resource-headers.js';
import { Throws } from '../../../platform/http/throws.js';
import {
  CLIENT_WRITABLE, CreateOauthClientDto, ListOauthClientsDto, OauthClientPageView, OauthClientView, OauthClientWithSecretView, RotateOauthClientDto,
  UpdateOauthClientDto,
} from './oauth-clients.dto.js';
import { OauthClientsService } from './oauth-clients.service.js';

const PATH = '/api/v1/applications/:id/oauth-client';

@ApiTags('applications')
@Controller(PATH)
export class OauthClientsController {
  constructor(private readonly clients: OauthClientsService) {}

  /** Registers an OAuth client of an application. Answers its secret once; the tokens that it is given may do what the application may. */
  @Post()
  @Audited()
  @Allow('applications:write')
  @ExampleBodies({
    'A service': { name: 'Order sync', grant_types: ['client_credentials'] },
    'A web application for agents': { redirect_uris: ['https://shop.example.com/oauth/callback'], grant_types: ['authorization_code', 'refresh_token'] },
    'A program in the browser': { redirect_uris: ['https://shop.example.com/'], grant_types: ['authorization_code'], token_endpoint_auth_method: 'none' },
  })
  @AnswersResource({ location: PATH, etagFields: CLIENT_WRITABLE })
  @Throws('application.not_found', 'application.scope_not_held', 'application.data_scope_exceeded')
  create(@Caller() caller: Principal, @Param('id') id: string, @Body() input: CreateOauthClientDto): Promise<OauthClientWithSecretView> {
    return this.clients.create(caller, id, input);
  }

  /** Lists the OAuth clients of an application, the newest first. */
  @Get()
  @Allow('applications:read')
  @SortsBy('-created_at', 'created_at')
  @Throws('application.not_found')
  list(@Caller() caller: Principal, @Param('id') id: string, @Query() filter: ListOauthClientsDto): Promise<OauthClientPageView> {
    return this.clients.list(caller, id, filter);
  }

  /** Gets one OAuth client. */
  @Get(':client_id')
  @Allow('applications:read')
  @AnswersResource({ etagFields: CLIENT_WRITABLE })
  @Throws('application.not_found', 'oauth_client.not_found')
  get(@Caller() caller: Principal, @Param('id') id: string, @Param('client_id') clientId: string): Promise<OauthClientView> {
    return this.clients.get(caller, id, clientId);
  }

  /** Changes an OAuth client. Fields that the body leaves out stay as they are. */
  @Put(':client_id')
  @Audited()
  @Allow('applications:write')
  @AnswersResource({ etagFields: CLIENT_WRITABLE })
  @Throws('application.not_found', 'oauth_client.not_found', 'application.scope_not_held', 'application.data_scope_exceeded', 'request.precondition_failed')
  update(
    @Caller() caller: Principal, @Param('id') id: string, @Param('client_id') clientId: string, @Body() input: UpdateOauthClientDto, @IfMatch() ifMatch?: string,
  ): Promise<OauthClientView> {
    return this.clients.update(caller, id, clientId, input, ifMatch);
  }

  /** Removes an OAuth client; all its tokens are refused from now on. */
  @Delete(':client_id')
  @Audited()
  @HttpCode(204)
  @Allow('applications:write')
  @Throws('application.not_found', 'oauth_client.not_found', 'application.scope_not_held', 'application.data_scope_exceeded', 'request.precondition_failed')
  async delete(@Caller() caller: Principal, @Param('id') id: string, @Param('client_id') clientId: string, @IfMatch() ifMatch?: string): Promise<void> {
    await this.clients.delete(caller, id, clientId, ifMatch);
  }

  /** Gives an OAuth client a new secret, and answers it once; the present one is accepted beside it for `overlap_seconds`. */
  @Post(':client_id/rotate')
  @Audited()
  @HttpCode(200)
  @Allow('applications:write')
  @ExampleBodies({ 'With an hour of overlap': { overlap_seconds: 3600 } })
  @AnswersResource({ etagFields: CLIENT_WRITABLE })
  @Throws('application.not_found', 'oauth_client.not_found', 'application.scope_not_held', 'application.data_scope_exceeded')
  rotate(
    @Caller() caller: Principal, @Param('id') id: string, @Param('client_id') clientId: string, @Body() input: RotateOauthClientDto,
  ): Promise<OauthClientWithSecretView> {
    return this.clients.rotate(caller, id, clientId, input);
  }
}
