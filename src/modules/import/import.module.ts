import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AgentsModule } from '../agents/agents.module.js';
import { AuditModule } from '../audit/audit.module.js';
import { ConversationsModule } from '../conversations/conversations.module.js';
import { MessagesModule } from '../messages/messages.module.js';
import { OrganizationsModule } from '../organizations/organizations.module.js';
import { VisitorsModule } from '../visitors/visitors.module.js';
import { AddHistories } from './add-histories.js';
import { ImportConversations } from './import-conversations.js';
import { ImportController } from './import.controller.js';
import { ImportedConversationEntity } from './imported-conversation.entity.js';

@Module({
  imports: [AgentsModule, AuditModule, ConversationsModule, MessagesModule, OrganizationsModule, VisitorsModule, TypeOrmModule.forFeature([ImportedConversationEntity])],
  controllers: [ImportController],
  providers: [ImportConversations, AddHistories],
})
export class ImportModule {}
