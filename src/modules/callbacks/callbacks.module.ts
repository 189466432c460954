import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Config } from '../../platform/config/config.js';
import { AddressGuard } from '../../platform/outbound/address-guard.js';
import { OutboundClient } from '../../platform/outbound/outbound-client.js';
import { AgentsModule } from '../agents/agents.module.js';
import { AuditModule } from '../audit/audit.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { EventsModule } from '../events/events.module.js';
import { CallbackFormats, Callbacks } from './callbacks.contract.js';
import { BatchAnswers } from './deliveries/batch-answers.js';
import { DeliveriesController } from './deliveries/deliveries.controller.js';
import { DeliveriesRepository } from './deliveries/deliveries.repository.js';
import { DeliveriesService } from './deliveries/deliveries.service.js';
import { AttemptEntity, DeliveryEntity, FormerBatchEntity } from './deliveries/delivery.entity.js';
import { DeliveryRetention } from './deliveries/delivery-retention.js';
import { EraseDeliveries } from './deliveries/erase-deliveries.js';
import { FirstDue } from './deliveries/first-due.js';
import { PlanDeliveries } from './deliveries/plan-deliveries.js';
import { AttemptLog } from './dispatch/attempt-log.js';
import { DeliveryClaims } from './dispatch/delivery-claims.js';
import { DeliveryRows } from './dispatch/delivery-rows.js';
import { DueDeliveries } from './dispatch/due-deliveries.js';
import { DueFreely } from './dispatch/due-freely.js';
import { DueInOrder } from './dispatch/due-in-order.js';
import { EndpointHealth } from './dispatch/endpoint-health.js';
import { EndpointLookup } from './dispatch/endpoint-lookup.js';
import { PumpService } from './dispatch/pump.service.js';
import { SendDelivery } from './dispatch/send-delivery.js';
import { SweeperService } from './dispatch/sweeper.service.js';
import { CallbackVersionEntity, EndpointEntity } from './endpoints/endpoint.entity.js';
import { ChangeEndpoint } from './endpoints/change-endpoint.js';
import { EnableEndpoint } from './endpoints/enable-endpoint.js';
import { EndpointActionsController } from './endpoints/endpoint-actions.controller.js';
import { EndpointRules } from './endpoints/endpoint-rules.js';
import { EndpointsController } from './endpoints/endpoints.controller.js';
import { EndpointsRepository } from './endpoints/endpoints.repository.js';
import { EndpointsService } from './endpoints/endpoints.service.js';
import { FollowCreators } from './endpoints/follow-creators.js';
import { EndpointOpener } from './endpoints/open-endpoint.js';
import { EndpointViews } from './endpoints/endpoints.view.js';
import { RegisterEndpoint } from './endpoints/register-endpoint.js';
import { RotateSecret } from './endpoints/rotate-secret.js';
import { TestEndpoint } from './endpoints/test-endpoint.js';
import { FormatRegistry } from './formats/format-registry.js';
import { PastEvents } from './recoveries/past-events.js';
import { RecoverEvents } from './recoveries/recover-events.js';
import { RecoveriesController } from './recoveries/recoveries.controller.js';
import { RecoveriesRepository } from './recoveries/recoveries.repository.js';
import { RecoveriesService } from './recoveries/recoveries.service.js';
import { RecoveryEntity } from './recoveries/recovery.entity.js';
import { RecoveryRunner } from './recoveries/recovery-runner.js';
import { AttemptMetrics } from './stats/attempt-metrics.js';
import { DeliveryGauges } from './stats/delivery-gauges.js';
import { StatsController } from './stats/stats.controller.js';
import { StatsRepository } from './stats/stats.repository.js';
import { StatsService } from './stats/stats.service.js';

@Module({
  imports: [AgentsModule, AuditModule, AuthModule, EventsModule, TypeOrmModule.forFeature([EndpointEntity, CallbackVersionEntity, DeliveryEntity, FormerBatchEntity, AttemptEntity, RecoveryEntity])],
  controllers: [EndpointsController, EndpointActionsController, DeliveriesController, RecoveriesController, StatsController],
  providers: [
    EndpointsRepository,
    EndpointsService,
    EndpointRules,
    EndpointViews,
    RegisterEndpoint,
    ChangeEndpoint,
    RotateSecret,
    EnableEndpoint,
    TestEndpoint,
    FollowCreators,
    DeliveriesRepository,
    DeliveriesService,
    PlanDeliveries,
    DeliveryRetention,
    EraseDeliveries,
    FirstDue,
    BatchAnswers,
    DeliveryClaims,
    DeliveryRows,
    DueFreely,
    DueInOrder,
    DueDeliveries,
    EndpointHealth,
    EndpointLookup,
    AttemptLog,
    SendDelivery,
    PumpService,
    SweeperService,
    PastEvents,
    RecoveriesRepository,
    RecoveriesService,
    RecoverEvents,
    RecoveryRunner,
    AttemptMetrics,
    DeliveryGauges,
    StatsRepository,
    StatsService,
    FormatRegistry,
    EndpointOpener,
    { provide: CallbackFormats, useExisting: FormatRegistry },
    { provide: AddressGuard, inject: [Config], useFactory: (config: Config) => new AddressGuard(config.values.CALLBACK_ALLOW_CIDRS) },
    { provide: OutboundClient, inject: [AddressGuard], useFactory: (guard: AddressGuard) => new OutboundClient({ guard }) },
    { provide: Callbacks, useExisting: EndpointsService },
  ],
  exports: [Callbacks, CallbackFormats],
})
export class CallbacksModule {}
