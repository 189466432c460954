import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AgentsModule } from '../agents/agents.module.js';
import { OrganizationsModule } from '../organizations/organizations.module.js';
import { VisitorsModule } from '../visitors/visitors.module.js';
import { ConversationEntity } from './conversation.entity.js';
import { Conversations } from './conversations.contract.js';
import { ConversationsController } from './conversations.controller.js';
import { ConversationsRepository } from './conversations.repository.js';
import { ConversationsService } from './conversations.service.js';
import { CreateConversation } from './create-conversation.js';
import { RoutingService } from './routing.service.js';
import { UpdateConversation } from './update-conversation.js';

@Module({
  imports: [AgentsModule, OrganizationsModule, VisitorsModule, TypeOrmModule.forFeature([ConversationEntity])],
  controllers: [ConversationsController],
  providers: [
    ConversationsRepository,
    ConversationsService,
    RoutingService,
    CreateConversation,
    UpdateConversation,
    { provide: Conversations, useExisting: ConversationsService },
  ],
  exports: [Conversations],
})
export class ConversationsModule {}
