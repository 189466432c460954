import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AgentsModule } from '../agents/agents.module.js';
import { AuditModule } from '../audit/audit.module.js';
import { ConversationsModule } from '../conversations/conversations.module.js';
import { DepartmentsModule } from '../departments/departments.module.js';
import { MessagesModule } from '../messages/messages.module.js';
import { OrganizationsModule } from '../organizations/organizations.module.js';
import { VisitorsModule } from '../visitors/visitors.module.js';
import { ChangeTicket } from './change-ticket.js';
import { CommentTicket } from './comment-ticket.js';
import { CreateTicket } from './create-ticket.js';
import { FreeHandlers } from './free-handlers.js';
import { LeaveMessages } from './leave-messages.js';
import { RecalledMessages } from './recalled-messages.js';
import { SaveTicket } from './save-ticket.js';
import { TicketFacts } from './ticket-facts.contract.js';
import { TicketFactsService } from './ticket-facts.service.js';
import { TicketLogController } from './ticket-log.controller.js';
import { TicketChangeEntity, TicketCommentEntity } from './ticket-log.entity.js';
import { TicketLogRepository } from './ticket-log.repository.js';
import { TicketReferences } from './ticket-references.js';
import { TicketEntity, TicketTagEntity } from './ticket.entity.js';
import { Tickets } from './tickets.contract.js';
import { TicketsController } from './tickets.controller.js';
import { TicketsRepository } from './tickets.repository.js';
import { TicketsService } from './tickets.service.js';
import { VisitorsTickets } from './visitors-tickets.js';

@Module({
  imports: [
    AgentsModule, AuditModule, ConversationsModule, DepartmentsModule, MessagesModule, OrganizationsModule, VisitorsModule,
    TypeOrmModule.forFeature([TicketEntity, TicketTagEntity, TicketCommentEntity, TicketChangeEntity]),
  ],
  controllers: [TicketsController, TicketLogController],
  providers: [
    TicketsRepository,
    TicketLogRepository,
    TicketsService,
    TicketReferences,
    SaveTicket,
    CreateTicket,
    ChangeTicket,
    CommentTicket,
    FreeHandlers,
    LeaveMessages,
    RecalledMessages,
    VisitorsTickets,
    { provide: Tickets, useExisting: TicketsService },
    { provide: TicketFacts, useClass: TicketFactsService },
  ],
  exports: [Tickets, TicketFacts],
})
export class TicketsModule {}
