import { Module } from '@nestjs/common';
import { AgentsModule } from '../agents/agents.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { ConversationsModule } from '../conversations/conversations.module.js';
import { EventsModule } from '../events/events.module.js';
import { MessagesModule } from '../messages/messages.module.js';
import { VisitorsModule } from '../visitors/visitors.module.js';
import { OrganizationsModule } from '../organizations/organizations.module.js';
import { AgentStatusGateway } from './agent-status.gateway.js';
import { RealtimeGateway } from './realtime.gateway.js';
import { ReceiptsGateway } from './receipts.gateway.js';
import { SocketCallers } from './socket-callers.js';
import { SocketGauge } from './socket-gauge.js';
import { SubscriptionsGateway } from './subscriptions.gateway.js';
import { TypingGateway } from './typing.gateway.js';
import { VisitorSockets } from './visitor-sockets.js';

@Module({
  imports: [AgentsModule, AuthModule, ConversationsModule, EventsModule, MessagesModule, OrganizationsModule, VisitorsModule],
  providers: [RealtimeGateway, SocketCallers, AgentStatusGateway, ReceiptsGateway, SubscriptionsGateway, TypingGateway, SocketGauge, VisitorSockets],
})
export class RealtimeModule {}
