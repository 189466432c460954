import { Module } from '@nestjs/common';
import { EventRetention } from './event-retention.js';
import { EventLog } from './events.contract.js';
import { EventsController } from './events.controller.js';
import { EventsService } from './events.service.js';
import { SequencerTimer } from './sequencer-timer.js';

@Module({
  controllers: [EventsController],
  providers: [EventsService, EventRetention, SequencerTimer, { provide: EventLog, useExisting: EventsService }],
  exports: [EventLog],
})
export class EventsModule {}
