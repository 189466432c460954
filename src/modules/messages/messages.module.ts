import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AgentsModule } from '../agents/agents.module.js';
import { ConversationsModule } from '../conversations/conversations.module.js';
import { AppendMessages } from './append-messages.js';
import { MessageEntity } from './message.entity.js';
import { Messages } from './messages.contract.js';
import { MessagesController } from './messages.controller.js';
import { MessagesRepository } from './messages.repository.js';
import { MessagesService } from './messages.service.js';

@Module({
  imports: [AgentsModule, ConversationsModule, TypeOrmModule.forFeature([MessageEntity])],
  controllers: [MessagesController],
  providers: [MessagesRepository, MessagesService, AppendMessages, { provide: Messages, useExisting: MessagesService }],
  exports: [Messages],
})
export class MessagesModule {}
