import { Body, Controller, Get, Param, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../kernel/principal.js';
import { Allow, Caller } from '../../platform/http/allow.js';
import { SortsBy } from '../../platform/http/documentation.js';
import { IfMatch } from '../../platform/http/etag.js';
import { AnswersResource } from '../../platform/http/resource-headers.js';
import { Throws } from '../../platform/http/throws.js';
import { CreateVisitorDto, ListVisitorsDto, UpdateVisitorDto, VISITOR_WRITABLE, VisitorPageView, VisitorView } from './visitors.dto.js';
import { VisitorsService } from './visitors.service.js';

const PATH = '/api/v1/visitors';

@ApiTags('visitors')
@Controller(PATH)
export class VisitorsController {
  constructor(private readonly visitors: VisitorsService) {}

  /** Creates a visitor. */
  @Post()
  @Allow('visitors:write')
  @AnswersResource({ location: PATH, etagFields: VISITOR_WRITABLE })
  @Throws('visitor.external_id_taken')
  create(@Caller() caller: Principal, @Body() input: CreateVisitorDto): Promise<VisitorView> {
    return this.visitors.create(caller, input);
  }

  /** Lists visitors, the newest first. */
  @Get()
  @Allow('visitors:read')
  @SortsBy('-created_at', 'created_at')
  list(@Caller() caller: Principal, @Query() filter: ListVisitorsDto): Promise<VisitorPageView> {
    return this.visitors.list(caller, filter);
  }

  /** Gets one visitor. */
  @Get(':id')
  @Allow('visitors:read')
  @AnswersResource({ etagFields: VISITOR_WRITABLE })
  @Throws('visitor.not_found')
  get(@Caller() caller: Principal, @Param('id') id: string): Promise<VisitorView> {
    return this.visitors.get(caller, id);
  }

  /** Changes a visitor. Fields that the body leaves out stay as they are; null clears one. */
  @Put(':id')
  @Allow('visitors:write')
  @AnswersResource({ etagFields: VISITOR_WRITABLE })
  @Throws('visitor.not_found', 'visitor.external_id_taken', 'request.precondition_failed')
  update(@Caller() caller: Principal, @Param('id') id: string, @Body() input: UpdateVisitorDto, @IfMatch() ifMatch?: string): Promise<VisitorView> {
    return this.visitors.update(caller, id, input, ifMatch);
  }
}
