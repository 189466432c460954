import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { VisitorAccounts } from '../auth/auth.contract.js';
import { AuditModule } from '../audit/audit.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { OrganizationsModule } from '../organizations/organizations.module.js';
import { DeleteVisitor } from './erasure/delete-visitor.js';
import { EraseVisitors } from './erasure/erase-visitors.js';
import { StoredAnswers } from './erasure/stored-answers.js';
import { VisitorConcerns } from './erasure/visitor-concerns.js';
import { VisitorErasureEntity } from './erasure/visitor-erasure.entity.js';
import { GiveToken } from './give-token.js';
import { MergeVisitors } from './merging/merge-visitors.js';
import { VisitorConnectionEntity, VisitorProcessEntity } from './presence/visitor-connection.entity.js';
import { VisitorConnections } from './presence/visitor-connections.js';
import { VisitorPresenceService } from './presence/visitor-presence.service.js';
import { VisitorProcesses } from './presence/visitor-processes.js';
import { TrackEntity } from './tracks/track.entity.js';
import { TrackRetention } from './tracks/track-retention.js';
import { TracksController } from './tracks/tracks.controller.js';
import { TracksOfVisitors } from './tracks/tracks-of-visitors.js';
import { TracksService } from './tracks/tracks.service.js';
import { VisitorAccountsService } from './visitor-accounts.service.js';
import { HoldingRegistry } from './visitor-holdings.js';
import { VisitorPresence } from './visitor-presence.contract.js';
import { VisitorTerms } from './visitor-terms.js';
import { VisitorEntity, VisitorTermEntity } from './visitor.entity.js';
import { VisitorCustomers } from './visitor-customers.contract.js';
import { VisitorCustomersService } from './visitor-customers.service.js';
import { VisitorHoldings, Visitors } from './visitors.contract.js';
import { VisitorsController } from './visitors.controller.js';
import { VisitorsRepository } from './visitors.repository.js';
import { VisitorsService } from './visitors.service.js';

/** Global because it implements `VisitorAccounts` for the auth module, which stands below it and cannot import it. */
@Global()
@Module({
  imports: [AuditModule, AuthModule, OrganizationsModule, TypeOrmModule.forFeature([VisitorEntity, VisitorTermEntity, VisitorConnectionEntity, VisitorProcessEntity, TrackEntity, VisitorErasureEntity])],
  controllers: [VisitorsController, TracksController],
  providers: [
    VisitorsRepository,
    VisitorTerms,
    VisitorsService,
    HoldingRegistry,
    GiveToken,
    MergeVisitors,
    DeleteVisitor,
    VisitorConcerns,
    EraseVisitors,
    StoredAnswers,
    TracksOfVisitors,
    TracksService,
    TrackRetention,
    VisitorConnections,
    VisitorProcesses,
    VisitorPresenceService,
    { provide: VisitorPresence, useExisting: VisitorPresenceService },
    VisitorAccountsService,
    { provide: VisitorAccounts, useExisting: VisitorAccountsService },
    { provide: Visitors, useExisting: VisitorsService },
    { provide: VisitorCustomers, useClass: VisitorCustomersService },
    { provide: VisitorHoldings, useExisting: HoldingRegistry },
  ],
  exports: [Visitors, VisitorPresence, VisitorAccounts, VisitorCustomers, VisitorHoldings],
})
export class VisitorsModule {}
