import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../kernel/principal.js';
import { ANY_SCOPE, Allow, Caller } from '../../platform/http/allow.js';
import { SortsBy } from '../../platform/http/documentation.js';
import { IfMatch } from '../../platform/http/etag.js';
import { Audited } from '../../platform/http/request-origin.js';
import { AnswersResource } from '../../platform/http/resource-headers.js';
import { Throws } from '../../platform/http/throws.js';
import { CloseOrganization } from './close-organization.js';
import {
  CreateOrganizationDto, CreatedOrganizationView, ListOrganizationsDto, ORGANIZATION_WRITABLE, OrganizationPageView, OrganizationView, UpdateOrganizationDto,
} from './onboarding.dto.js';
import { OnboardingService } from './onboarding.service.js';
import { OrganizationSettings } from './organization-settings.service.js';

const PATH = '/api/v1/organizations';

@ApiTags('organizations')
@Controller(PATH)
export class OnboardingController {
  constructor(
    private readonly onboarding: OnboardingService,
    private readonly settings: OrganizationSettings,
    private readonly closing: CloseOrganization,
  ) {}

  /** Makes a further organization, apart from all others; for the operator's API key only. Answers its first API key once. */
  @Post()
  @Audited()
  @Allow(ANY_SCOPE)
  @AnswersResource({ location: PATH, etagFields: ORGANIZATION_WRITABLE })
  @Throws('organization.operator_only', 'organization.slug_taken')
  create(@Caller() caller: Principal, @Body() input: CreateOrganizationDto): Promise<CreatedOrganizationView> {
    return this.onboarding.create(caller, input);
  }

  /** Lists all organizations, the newest first, those that are closed too; for the operator's API key only. */
  @Get()
  @Allow(ANY_SCOPE)
  @SortsBy('-created_at', 'created_at', 'slug', '-slug')
  @Throws('organization.operator_only')
  list(@Caller() caller: Principal, @Query() filter: ListOrganizationsDto): Promise<OrganizationPageView> {
    return this.settings.list(caller, filter);
  }

  /** Gets one organization: for the operator any, for everyone else its own. */
  @Get(':id')
  @Allow(ANY_SCOPE)
  @AnswersResource({ etagFields: ORGANIZATION_WRITABLE })
  @Throws('organization.not_found')
  get(@Caller() caller: Principal, @Param('id') id: string): Promise<OrganizationView> {
    return this.settings.get(caller, id);
  }

  /**
   * Changes an organization: for the operator, and for an admin and a key with all scopes of the organization itself. Fields that
   * the body leaves out stay as they are; the slug never changes.
   */
  @Put(':id')
  @Audited()
  @Allow(ANY_SCOPE)
  @AnswersResource({ etagFields: ORGANIZATION_WRITABLE })
  @Throws('organization.not_found', 'organization.administrators_only', 'organization.closed', 'request.precondition_failed')
  update(@Caller() caller: Principal, @Param('id') id: string, @Body() input: UpdateOrganizationDto, @IfMatch() ifMatch?: string): Promise<OrganizationView> {
    return this.settings.update(caller, id, input, ifMatch);
  }

  /**
   * Closes an organization for good; for the operator's API key only. From now on all its credentials are refused, its sockets end
   * and its endpoints are told nothing more. Its data stays, and its slug stays taken. Repeating it changes nothing.
   */
  @Delete(':id')
  @Audited()
  @HttpCode(204)
  @Allow(ANY_SCOPE)
  @Throws('organization.not_found', 'organization.operator_only', 'organization.operator_protected', 'request.precondition_failed')
  async close(@Caller() caller: Principal, @Param('id') id: string, @IfMatch() ifMatch?: string): Promise<void> {
    await this.closing.close(caller, id, ifMatch);
  }
}
