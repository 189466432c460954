import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../../kernel/principal.js';
import { ANY_SCOPE, Allow, Caller } from '../../../platform/http/allow.js';
import { ExampleBodies, SortsBy } from '../../../platform/http/documentation.js';
import { Audited } from '../../../platform/http/request-origin.js';
import { AnswersResource } from '../../../platform/http/resource-headers.js';
import { Throws } from '../../../platform/http/throws.js';
import { ListApiKeysDto, RotateApiKeyDto } from './application-keys.dto.js';
import { CreateOrganizationKeyDto, CreatedOrganizationKeyView, OrganizationKeyPageView, OrganizationKeyView } from './organization-keys.dto.js';
import { OrganizationKeysService } from './organization-keys.service.js';

const PATH = '/api/v1/organizations/:id/api-keys';

@ApiTags('organizations')
@Controller(PATH)
export class OrganizationKeysController {
  constructor(private readonly keys: OrganizationKeysService) {}

  /**
   * Makes an API key of the organization itself, and answers it once. For the operator, and in its own organization for an admin
   * and a key with all scopes; keys of the operator's organization are for the operator's key alone.
   */
  @Post()
  @Audited()
  @Allow(ANY_SCOPE)
  @ExampleBodies({ 'May do everything': { name: 'Second key' }, 'May do less, and ends by itself': { name: 'Auditor', scopes: ['audit:read'], expires_at: '2027-03-01T09:30:00Z' } })
  @AnswersResource({ location: PATH })
  @Throws('organization.not_found', 'organization.administrators_only', 'organization.operator_only', 'organization.closed', 'api_key.too_many')
  create(@Caller() caller: Principal, @Param('id') id: string, @Body() input: CreateOrganizationKeyDto): Promise<CreatedOrganizationKeyView> {
    return this.keys.create(caller, id, input);
  }

  /** Lists the API keys that belong to no application, the newest first; never the keys themselves. */
  @Get()
  @Allow(ANY_SCOPE)
  @SortsBy('-created_at', 'created_at')
  @Throws('organization.not_found', 'organization.administrators_only')
  list(@Caller() caller: Principal, @Param('id') id: string, @Query() page: ListApiKeysDto): Promise<OrganizationKeyPageView> {
    return this.keys.list(caller, id, page);
  }

  /** Gets one API key of the organization. */
  @Get(':key_id')
  @Allow(ANY_SCOPE)
  @Throws('organization.not_found', 'organization.administrators_only', 'api_key.not_found')
  get(@Caller() caller: Principal, @Param('id') id: string, @Param('key_id') keyId: string): Promise<OrganizationKeyView> {
    return this.keys.get(caller, id, keyId);
  }

  /** Revokes an API key: it is refused from now on, and its sockets end. The operator keeps one that does not expire. */
  @Delete(':key_id')
  @Audited()
  @HttpCode(204)
  @Allow(ANY_SCOPE)
  @Throws(
    'organization.not_found', 'organization.administrators_only', 'organization.operator_only', 'organization.closed', 'api_key.not_found', 'api_key.last_of_operator',
  )
  async revoke(@Caller() caller: Principal, @Param('id') id: string, @Param('key_id') keyId: string): Promise<void> {
    await this.keys.revoke(caller, id, keyId);
  }

  /** Makes a new API key in the place of another one, which stays good for the overlap. Answers the new one once. */
  @Post(':key_id/rotate')
  @Audited()
  @Allow(ANY_SCOPE)
  @AnswersResource({ location: PATH })
  @Throws(
    'organization.not_found', 'organization.administrators_only', 'organization.operator_only', 'organization.closed', 'api_key.not_found', 'api_key.rotated',
    'api_key.expired', 'api_key.too_many',
  )
  rotate(@Caller() caller: Principal, @Param('id') id: string, @Param('key_id') keyId: string, @Body() input: RotateApiKeyDto): Promise<CreatedOrganizationKeyView> {
    return this.keys.rotate(caller, id, keyId, input);
  }
}
