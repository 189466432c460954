import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../kernel/principal.js';
import { Allow, Caller } from '../../platform/http/allow.js';
import { SortsBy } from '../../platform/http/documentation.js';
import { IfMatch } from '../../platform/http/etag.js';
import { Audited } from '../../platform/http/request-origin.js';
import { AnswersResource } from '../../platform/http/resource-headers.js';
import { Throws } from '../../platform/http/throws.js';
import { BUSINESS_HOURS_WRITABLE, BusinessHoursPageView, BusinessHoursView, CreateBusinessHoursDto, ListBusinessHoursDto, UpdateBusinessHoursDto } from './business-hours.dto.js';
import { BusinessHoursService } from './business-hours.service.js';

const PATH = '/api/v1/business-hours';

@ApiTags('business-hours')
@Controller(PATH)
export class BusinessHoursController {
  constructor(private readonly hours: BusinessHoursService) {}

  /** Creates business hours, for departments to have. */
  @Post()
  @Audited()
  @Allow('agents:write')
  @AnswersResource({ location: PATH, etagFields: BUSINESS_HOURS_WRITABLE })
  @Throws('business_hours.name_taken')
  create(@Caller() caller: Principal, @Body() input: CreateBusinessHoursDto): Promise<BusinessHoursView> {
    return this.hours.create(caller, input);
  }

  /** Lists business hours, the newest first. */
  @Get()
  @Allow('agents:read')
  @SortsBy('-created_at', 'created_at', '-name', 'name')
  list(@Caller() caller: Principal, @Query() filter: ListBusinessHoursDto): Promise<BusinessHoursPageView> {
    return this.hours.list(caller, filter);
  }

  /** Gets business hours. */
  @Get(':id')
  @Allow('agents:read')
  @AnswersResource({ etagFields: BUSINESS_HOURS_WRITABLE })
  @Throws('business_hours.not_found')
  get(@Caller() caller: Principal, @Param('id') id: string): Promise<BusinessHoursView> {
    return this.hours.get(caller, id);
  }

  /** Changes business hours; routing follows them at once. Fields that the body leaves out stay as they are. */
  @Put(':id')
  @Audited()
  @Allow('agents:write')
  @AnswersResource({ etagFields: BUSINESS_HOURS_WRITABLE })
  @Throws('business_hours.not_found', 'business_hours.name_taken', 'request.precondition_failed')
  update(@Caller() caller: Principal, @Param('id') id: string, @Body() input: UpdateBusinessHoursDto, @IfMatch() ifMatch?: string): Promise<BusinessHoursView> {
    return this.hours.update(caller, id, input, ifMatch);
  }

  /** Removes business hours that no department has. */
  @Delete(':id')
  @Audited()
  @HttpCode(204)
  @Allow('agents:write')
  @Throws('business_hours.not_found', 'business_hours.in_use', 'request.precondition_failed')
  async delete(@Caller() caller: Principal, @Param('id') id: string, @IfMatch() ifMatch?: string): Promise<void> {
    await this.hours.delete(caller, id, ifMatch);
  }
}
