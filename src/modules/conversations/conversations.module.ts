import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AgentsModule } from '../agents/agents.module.js';
import { DepartmentsModule } from '../departments/departments.module.js';
import { OrganizationsModule } from '../organizations/organizations.module.js';
import { VisitorsModule } from '../visitors/visitors.module.js';
import { AssignConversation } from './assign-conversation.js';
import { AssignmentHistory } from './assignment-history.js';
import { ChangeConversation } from './change-conversation.js';
import { CloseInactive } from './close-inactive.js';
import { ConversationActionsController } from './conversation-actions.controller.js';
import { ConversationAssignmentEntity } from './conversation-assignment.entity.js';
import { ConversationFacts } from './conversation-facts.contract.js';
import { ConversationFactsService } from './conversation-facts.service.js';
import { ConversationWriter } from './conversation-writer.js';
import { AddHistoricConversations } from './add-historic-conversations.js';
import { ConversationHistory } from './conversation-history.contract.js';
import { ConversationEntity } from './conversation.entity.js';
import { Conversations } from './conversations.contract.js';
import { ConversationsController } from './conversations.controller.js';
import { ConversationsOfVisitors } from './conversations-of-visitors.js';
import { ConversationsRepository } from './conversations.repository.js';
import { ConversationsService } from './conversations.service.js';
import { CreateConversation } from './create-conversation.js';
import { QueuePlaces } from './queue-places.js';
import { QueueRepository } from './queue.repository.js';
import { RateConversation } from './rate-conversation.js';
import { RoutingService } from './routing.service.js';
import { ConversationSearchEntity } from './search/conversation-search.entity.js';
import { ConversationTexts } from './search/conversation-texts.contract.js';
import { SearchConversations } from './search/search-conversations.js';
import { SubjectIndex } from './search/subject-index.js';
import { SubjectWords } from './search/subject-words.js';
import { ServeWaiting } from './serve-waiting.js';
import { TakeBackUnaccepted } from './take-back-unaccepted.js';
import { UpdateConversation } from './update-conversation.js';
import { VisitorConversations } from './visitor-conversations.contract.js';
import { VisitorConversationsService } from './visitor-conversations.service.js';

@Module({
  imports: [AgentsModule, DepartmentsModule, OrganizationsModule, VisitorsModule, TypeOrmModule.forFeature([ConversationEntity, ConversationAssignmentEntity, ConversationSearchEntity])],
  controllers: [ConversationsController, ConversationActionsController],
  providers: [
    ConversationsRepository,
    ConversationsService,
    QueueRepository,
    QueuePlaces,
    AssignmentHistory,
    ConversationWriter,
    RoutingService,
    ChangeConversation,
    CreateConversation,
    UpdateConversation,
    AssignConversation,
    RateConversation,
    TakeBackUnaccepted,
    CloseInactive,
    ServeWaiting,
    SubjectWords,
    SubjectIndex,
    ConversationsOfVisitors,
    SearchConversations,
    { provide: ConversationTexts, useExisting: SearchConversations },
    { provide: VisitorConversations, useClass: VisitorConversationsService },
    { provide: Conversations, useExisting: ConversationsService },
    { provide: ConversationHistory, useClass: AddHistoricConversations },
    { provide: ConversationFacts, useClass: ConversationFactsService },
  ],
  exports: [ConversationHistory, VisitorConversations, ConversationTexts, Conversations, ConversationFacts],
})
export class ConversationsModule {}
