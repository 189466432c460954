import { Module } from '@nestjs/common';
import { EventRetention } from './event-retention.js';
import { VisitorsModule } from '../visitors/visitors.module.js';
import { EraseEvents } from './erase-events.js';
import { ErasedEvents, EventLog } from './events.contract.js';
import { EventsController } from './events.controller.js';
import { EventsService } from './events.service.js';
import { SequencerTimer } from './sequencer-timer.js';
import { SincePosition } from './since-position.js';

@Module({
  imports: [VisitorsModule],
  controllers: [EventsController],
  providers: [EventsService, SincePosition, EventRetention, SequencerTimer, EraseEvents, { provide: ErasedEvents, useExisting: EraseEvents }, { provide: EventLog, useExisting: EventsService }],
  exports: [ErasedEvents, EventLog],
})
export class EventsModule {}
