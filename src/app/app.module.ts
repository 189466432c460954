import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { NoBodyInterceptor } from '../platform/http/validation/no-body.interceptor.js';
import { IdempotencyInterceptor } from '../platform/idempotency/idempotency.interceptor.js';
import { ValidationPipe } from '../platform/http/validation/validation.pipe.js';
import { PlatformModule } from '../platform/platform.module.js';
import type { PlatformOptions } from '../platform/platform.module.js';
import { AgentsModule } from '../modules/agents/agents.module.js';
import { AuditModule } from '../modules/audit/audit.module.js';
import { AuthModule } from '../modules/auth/auth.module.js';
import { CannedRepliesModule } from '../modules/canned-replies/canned-replies.module.js';
import { CallbacksModule } from '../modules/callbacks/callbacks.module.js';
import { ConversationsModule } from '../modules/conversations/conversations.module.js';
import { DepartmentsModule } from '../modules/departments/departments.module.js';
import { CrmModule } from '../modules/crm/crm.module.js';
import { EventsModule } from '../modules/events/events.module.js';
import { ImportModule } from '../modules/import/import.module.js';
import { MessagesModule } from '../modules/messages/messages.module.js';
import { OnboardingModule } from '../modules/onboarding/onboarding.module.js';
import { OrganizationsModule } from '../modules/organizations/organizations.module.js';
import { RealtimeModule } from '../modules/realtime/realtime.module.js';
import { StatisticsModule } from '../modules/statistics/statistics.module.js';
import { TicketsModule } from '../modules/tickets/tickets.module.js';
import { VisitorsModule } from '../modules/visitors/visitors.module.js';
import { Lifecycle } from './lifecycle.js';

/** The one list of modules, in the order of their ranks. */
const MODULES = [
  OrganizationsModule,
  AuditModule,
  AuthModule,
  AgentsModule,
  VisitorsModule,
  DepartmentsModule,
  CannedRepliesModule,
  ConversationsModule,
  MessagesModule,
  ImportModule,
  CrmModule,
  TicketsModule,
  EventsModule,
  StatisticsModule,
  CallbacksModule,
  RealtimeModule,
  OnboardingModule,
];

@Module({})
export class AppModule {
  static with(options: PlatformOptions): DynamicModule {
    return {
      module: AppModule,
      imports: [PlatformModule.with(options), ...MODULES],
      providers: [
        Lifecycle,
        { provide: APP_PIPE, useClass: ValidationPipe },
        { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor },
        { provide: APP_INTERCEPTOR, useClass: NoBodyInterceptor },
      ],
    };
  }
}
