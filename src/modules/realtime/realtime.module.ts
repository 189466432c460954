import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { EventsModule } from '../events/events.module.js';
import { MessagesModule } from '../messages/messages.module.js';
import { RealtimeGateway } from './realtime.gateway.js';
import { SocketGauge } from './socket-gauge.js';

@Module({ imports: [AuthModule, EventsModule, MessagesModule], providers: [RealtimeGateway, SocketGauge] })
export class RealtimeModule {}
