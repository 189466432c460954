import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AgentsModule } from '../agents/agents.module.js';
import { ConversationsModule } from '../conversations/conversations.module.js';
import { VisitorsModule } from '../visitors/visitors.module.js';
import { AddHistoricMessages } from './add-historic-messages.js';
import { AppendMessages } from './append-messages.js';
import { MessageFacts } from './message-facts.contract.js';
import { MessageFactsService } from './message-facts.service.js';
import { MessageHistory } from './message-history.contract.js';
import { MessageEntity } from './message.entity.js';
import { Messages } from './messages.contract.js';
import { MessagesController } from './messages.controller.js';
import { MessagesOfVisitors } from './messages-of-visitors.js';
import { MessagesRepository } from './messages.repository.js';
import { MessagesService } from './messages.service.js';
import { MessageReceiptEntity } from './receipts/message-receipt.entity.js';
import { MessageReceipts } from './receipts/message-receipts.contract.js';
import { ReceiptsController } from './receipts/receipts.controller.js';
import { ReceiptsRepository } from './receipts/receipts.repository.js';
import { ReceiveMessages } from './receipts/receive-messages.js';
import { MessageIndex } from './search/message-index.js';
import { MessageSearchEntity } from './search/message-search.entity.js';
import { MessageWords } from './search/message-words.js';
import { SearchMessages } from './search/search-messages.js';
import { SendBatch } from './send-batch.js';

@Module({
  imports: [AgentsModule, ConversationsModule, VisitorsModule, TypeOrmModule.forFeature([MessageEntity, MessageReceiptEntity, MessageSearchEntity])],
  controllers: [MessagesController, ReceiptsController],
  providers: [
    MessagesRepository,
    MessagesService,
    AppendMessages,
    MessageWords,
    MessageIndex,
    MessagesOfVisitors,
    SearchMessages,
    SendBatch,
    ReceiptsRepository,
    ReceiveMessages,
    { provide: MessageReceipts, useExisting: ReceiveMessages },
    { provide: Messages, useExisting: MessagesService },
    { provide: MessageHistory, useClass: AddHistoricMessages },
    { provide: MessageFacts, useClass: MessageFactsService },
  ],
  exports: [MessageHistory, MessageReceipts, Messages, MessageFacts],
})
export class MessagesModule {}
