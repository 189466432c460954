import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AgentsModule } from '../agents/agents.module.js';
import { AuditModule } from '../audit/audit.module.js';
import { ConversationsModule } from '../conversations/conversations.module.js';
import { OrganizationsModule } from '../organizations/organizations.module.js';
import { TicketsModule } from '../tickets/tickets.module.js';
import { VisitorsModule } from '../visitors/visitors.module.js';
import { CustomerEntity, CustomerTagEntity } from './customers/customer.entity.js';
import { CustomerKind } from './customers/customer-kind.js';
import { CustomerRelations } from './customers/customer-relations.js';
import { CustomerRelationsController } from './customers/customer-relations.controller.js';
import { CustomersController } from './customers/customers.controller.js';
import { CustomersRepository } from './customers/customers.repository.js';
import { CustomersService } from './customers/customers.service.js';
import { UpsertCustomers } from './customers/upsert-customers.js';
import { CustomerLinks } from './links/customer-links.js';
import { UnlinkedVisitorEntity } from './links/unlinked-visitor.entity.js';
import { UnlinkedVisitors } from './links/unlinked-visitors.js';
import { OrderEntity } from './orders/order.entity.js';
import { OrderKind } from './orders/order-kind.js';
import { OrdersController } from './orders/orders.controller.js';
import { OrdersRepository } from './orders/orders.repository.js';
import { OrdersService } from './orders/orders.service.js';
import { UpsertOrders } from './orders/upsert-orders.js';
import { CrmSyncController } from './sync/crm-sync.controller.js';
import { CrmSyncEntity } from './sync/crm-sync.entity.js';
import { CrmSyncRepository } from './sync/crm-sync.repository.js';
import { CrmSyncService } from './sync/crm-sync.service.js';
import { FetchPage } from './sync/fetch-page.js';
import { ShowCrmSync } from './sync/show-crm-sync.js';
import { StorePage } from './sync/store-page.js';
import { SyncMetrics } from './sync/sync-metrics.js';

@Module({
  imports: [
    OrganizationsModule, AuditModule, AgentsModule, VisitorsModule, ConversationsModule, TicketsModule,
    TypeOrmModule.forFeature([CustomerEntity, CustomerTagEntity, OrderEntity, UnlinkedVisitorEntity, CrmSyncEntity]),
  ],
  controllers: [CustomersController, CustomerRelationsController, OrdersController, CrmSyncController],
  providers: [
    CustomersRepository,
    CustomerKind,
    CustomersService,
    UpsertCustomers,
    OrdersRepository,
    OrderKind,
    OrdersService,
    UpsertOrders,
    CustomerRelations,
    UnlinkedVisitors,
    CustomerLinks,
    CrmSyncRepository,
    CrmSyncService,
    FetchPage,
    StorePage,
    SyncMetrics,
    ShowCrmSync,
  ],
})
export class CrmModule {}
