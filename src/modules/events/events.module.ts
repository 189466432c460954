import { Module } from '@nestjs/common';
import { EventLog } from './events.contract.js';
import { EventsController } from './events.controller.js';
import { EventsService } from './events.service.js';
import { SequencerTimer } from './sequencer-timer.js';

@Module({
  controllers: [EventsController],
  providers: [EventsService, SequencerTimer, { provide: EventLog, useExisting: EventsService }],
  exports: [EventLog],
})
export class EventsModule {}
