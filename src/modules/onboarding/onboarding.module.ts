import { Module } from '@nestjs/common';
import { AgentsModule } from '../agents/agents.module.js';
import { AuditModule } from '../audit/audit.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { CallbacksModule } from '../callbacks/callbacks.module.js';
import { OrganizationsModule } from '../organizations/organizations.module.js';
import { BootstrapService } from './bootstrap.service.js';
import { CloseOrganization } from './close-organization.js';
import { OnboardingController } from './onboarding.controller.js';
import { OnboardingService } from './onboarding.service.js';
import { OrganizationSettings } from './organization-settings.service.js';

@Module({
  imports: [AgentsModule, AuditModule, AuthModule, CallbacksModule, OrganizationsModule],
  controllers: [OnboardingController],
  providers: [OnboardingService, OrganizationSettings, CloseOrganization, BootstrapService],
  exports: [BootstrapService],
})
export class OnboardingModule {}
