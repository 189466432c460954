import { Body, Controller, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../kernel/principal.js';
import { ANY_SCOPE, Allow, Caller } from '../../platform/http/allow.js';
import { Audited } from '../../platform/http/request-origin.js';
import { AnswersResource } from '../../platform/http/resource-headers.js';
import { Throws } from '../../platform/http/throws.js';
import { CreateOrganizationDto, CreatedOrganizationView } from './onboarding.dto.js';
import { OnboardingService } from './onboarding.service.js';

const PATH = '/api/v1/organizations';

@ApiTags('organizations')
@Controller(PATH)
export class OnboardingController {
  constructor(private readonly onboarding: OnboardingService) {}

  /** Makes a further organization, apart from all others; for the operator's API key only. Answers its first API key once. */
  @Post()
  @Audited()
  @Allow(ANY_SCOPE)
  @AnswersResource({ location: PATH })
  @Throws('organization.operator_only', 'organization.slug_taken')
  create(@Caller() caller: Principal, @Body() input: CreateOrganizationDto): Promise<CreatedOrganizationView> {
    return this.onboarding.create(caller, input);
  }
}
