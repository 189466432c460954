import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../../kernel/principal.js';
import { Allow, Caller } from '../../../platform/http/allow.js';
import { SortsBy } from '../../../platform/http/documentation.js';
import { AnswersResource } from '../../../platform/http/resource-headers.js';
import { Throws } from '../../../platform/http/throws.js';
import { AddTrackDto, ListTracksDto, TrackPageView, TrackView } from './tracks.dto.js';
import { TracksService } from './tracks.service.js';

const PATH = '/api/v1/visitors/:id/tracks';

@ApiTags('visitors')
@Controller(PATH)
export class TracksController {
  constructor(private readonly tracks: TracksService) {}

  /** Notes a page that the visitor looked at. It is kept as long as events are. */
  @Post()
  @Allow('visitors:write')
  @AnswersResource({ location: PATH })
  @Throws('visitor.not_found')
  add(@Caller() caller: Principal, @Param('id') id: string, @Body() input: AddTrackDto): Promise<TrackView> {
    return this.tracks.add(caller, id, input);
  }

  /** Lists the pages that a visitor looked at, those first that were noted last. */
  @Get()
  @Allow('visitors:read')
  @SortsBy('-created_at', 'created_at', '-at', 'at')
  @Throws('visitor.not_found')
  list(@Caller() caller: Principal, @Param('id') id: string, @Query() filter: ListTracksDto): Promise<TrackPageView> {
    return this.tracks.list(caller, id, filter);
  }

  /** Gets one page that a visitor looked at. */
  @Get(':track_id')
  @Allow('visitors:read')
  @Throws('visitor.not_found', 'track.not_found')
  get(@Caller() caller: Principal, @Param('id') id: string, @Param('track_id') trackId: string): Promise<TrackView> {
    return this.tracks.get(caller, id, trackId);
  }
}
