import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../../kernel/principal.js';
import { Allow, Caller } from '../../../platform/http/allow.js';
import { Throws } from '../../../platform/http/throws.js';
import { EndpointStatsQueryDto, EndpointStatsView } from './stats.dto.js';
import { StatsService } from './stats.service.js';

@ApiTags('callbacks')
@Controller('/api/v1/callbacks/:id/stats')
export class StatsController {
  constructor(private readonly stats: StatsService) {}

  /** Tells how an endpoint fares: how many attempts succeed, how long they take, what waits, and how the last failure looked. */
  @Get()
  @Allow('callbacks:read')
  @Throws('callback.not_found')
  get(@Caller() caller: Principal, @Param('id') id: string, @Query() query: EndpointStatsQueryDto): Promise<EndpointStatsView> {
    return this.stats.of(caller, id, query);
  }
}
