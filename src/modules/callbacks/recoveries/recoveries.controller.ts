import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../../kernel/principal.js';
import { Allow, Caller } from '../../../platform/http/allow.js';
import { ExampleAnswer, SortsBy } from '../../../platform/http/documentation.js';
import { Audited } from '../../../platform/http/request-origin.js';
import { AnswersResource } from '../../../platform/http/resource-headers.js';
import { Throws } from '../../../platform/http/throws.js';
import { ListRecoveriesDto, RecoverDto, RecoveryPageView, RecoveryView } from './recoveries.dto.js';
import { RecoveriesService } from './recoveries.service.js';

const PATH = '/api/v1/callbacks/:id';

@ApiTags('callbacks')
@Controller(PATH)
export class RecoveriesController {
  constructor(private readonly recoveries: RecoveriesService) {}

  /**
   * Sends the events of a range of time again that concern the endpoint and did not reach it. Also those that were never
   * meant for it, because it was disabled or not there yet. Answers the record of that work, which says how far it is.
   */
  @Post('recover')
  @HttpCode(202)
  @Audited()
  @Allow('callbacks:write')
  @ExampleAnswer({ done: 0, recovered: 0 })
  @AnswersResource({ location: `${PATH}/recoveries` })
  @Throws('callback.not_found', 'callback.disabled', 'recovery.in_progress')
  begin(@Caller() caller: Principal, @Param('id') id: string, @Body() input: RecoverDto): Promise<RecoveryView> {
    return this.recoveries.begin(caller, id, input);
  }

  /** Lists the recoveries of an endpoint, the newest first. */
  @Get('recoveries')
  @Allow('callbacks:read')
  @SortsBy('-created_at', 'created_at')
  @Throws('callback.not_found')
  list(@Caller() caller: Principal, @Param('id') id: string, @Query() filter: ListRecoveriesDto): Promise<RecoveryPageView> {
    return this.recoveries.list(caller, id, filter);
  }

  /** Says how far a recovery is. */
  @Get('recoveries/:recovery_id')
  @Allow('callbacks:read')
  @Throws('callback.not_found', 'recovery.not_found')
  get(@Caller() caller: Principal, @Param('id') id: string, @Param('recovery_id') recoveryId: string): Promise<RecoveryView> {
    return this.recoveries.get(caller, id, recoveryId);
  }

  /** Ends a recovery; what it has planned is delivered. Repeating it, or cancelling one that has ended, changes nothing. */
  @Delete('recoveries/:recovery_id')
  @Audited()
  @Allow('callbacks:write')
  @ExampleAnswer({ status: 'cancelled', finished_at: '2026-03-01T18:06:00.000Z' })
  @Throws('callback.not_found', 'recovery.not_found')
  cancel(@Caller() caller: Principal, @Param('id') id: string, @Param('recovery_id') recoveryId: string): Promise<RecoveryView> {
    return this.recoveries.cancel(caller, id, recoveryId);
  }
}
