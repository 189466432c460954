import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { EVENT_TYPES } from '../../kernel/domain-event.js';
import type { Principal } from '../../kernel/principal.js';
import { Allow, Caller } from '../../platform/http/allow.js';
import { SortsBy } from '../../platform/http/documentation.js';
import { Throws } from '../../platform/http/throws.js';
import { EventPageView, EventTypesView, EventView, ListEventsDto } from './events.dto.js';
import { EventsService } from './events.service.js';

@ApiTags('events')
@Controller('/api/v1/events')
export class EventsController {
  constructor(private readonly events: EventsService) {}

  /** Reads the event log by position. A cursor never skips an event, however late it was committed. */
  @Get()
  @Allow('events:read')
  @SortsBy('position', '-position')
  list(@Caller() caller: Principal, @Query() filter: ListEventsDto): Promise<EventPageView> {
    return this.events.list(caller, filter);
  }

  /** Lists the names of all events. */
  @Get('types')
  @Allow('events:read')
  types(): EventTypesView {
    return { data: [...EVENT_TYPES] };
  }

  /** Gets one event. */
  @Get(':id')
  @Allow('events:read')
  @Throws('event.not_found')
  get(@Caller() caller: Principal, @Param('id') id: string): Promise<EventView> {
    return this.events.get(caller, id);
  }
}
