import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../kernel/principal.js';
import { Allow, Caller } from '../../platform/http/allow.js';
import { SortsBy } from '../../platform/http/documentation.js';
import { IfMatch } from '../../platform/http/etag.js';
import { AnswersResource } from '../../platform/http/resource-headers.js';
import { Throws } from '../../platform/http/throws.js';
import { Audited } from '../../platform/http/request-origin.js';
import { DeleteVisitor } from './erasure/delete-visitor.js';
import { GiveToken } from './give-token.js';
import { MergeVisitorsDto } from './merging/merge-visitors.dto.js';
import { MergeVisitors } from './merging/merge-visitors.js';
import { VisitorTokenView } from './visitor-token.dto.js';
import { CreateVisitorDto, FindVisitorsDto, ListVisitorsDto, UpdateVisitorDto, VISITOR_WRITABLE, VisitorPageView, VisitorView } from './visitors.dto.js';
import { VisitorsService } from './visitors.service.js';

const PATH = '/api/v1/visitors';

@ApiTags('visitors')
@Controller(PATH)
export class VisitorsController {
  constructor(
    private readonly visitors: VisitorsService,
    private readonly tokens: GiveToken,
    private readonly merging: MergeVisitors,
    private readonly deletion: DeleteVisitor,
  ) {}

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

  /** Lists the visitors that are connected now, the newest first. */
  @Get('online')
  @Allow('visitors:read')
  @SortsBy('-created_at', 'created_at')
  listOnline(@Caller() caller: Principal, @Query() filter: FindVisitorsDto): Promise<VisitorPageView> {
    return this.visitors.listOnline(caller, filter);
  }

  /** Gets one visitor. The id of one that was merged gets the one that it was merged into. */
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

  /**
   * Gives a token with which the visitor's program opens a Socket.IO connection. Over it the visitor is told of its own
   * conversations, sends messages and reads those that it missed. Nothing else takes the token.
   */
  @Post(':id/token')
  @HttpCode(200)
  @Allow('visitors:write')
  @Throws('visitor.not_found')
  giveToken(@Caller() caller: Principal, @Param('id') id: string): Promise<VisitorTokenView> {
    return this.tokens.give(caller, id);
  }

  /**
   * Merges the visitor that the body names into the one of the path, which stays and is answered. It takes over what it
   * lacks itself, and all conversations, tickets, customers, tracks and open connections. The id of the other one finds this
   * one from then on, and so does its external_id. This cannot be undone.
   */
  @Post(':id/merge')
  @HttpCode(200)
  @Audited()
  @Allow('visitors:write')
  @AnswersResource({ etagFields: VISITOR_WRITABLE })
  @Throws('visitor.not_found', 'visitor.merged_into_itself', 'visitor.already_merged')
  merge(@Caller() caller: Principal, @Param('id') id: string, @Body() input: MergeVisitorsDto): Promise<VisitorView> {
    return this.merging.merge(caller, id, input.visitor_id);
  }

  /**
   * Deletes a visitor, and everything personal that is stored about it. It is gone at once, its conversations are ended, and
   * its external_id is free; the erasing of messages, events, deliveries, stored answers and tracks goes on in the background,
   * and the audit log tells when it has ended (`visitor.erased`). Counts, instants and ids stay. So do the customer of an outside
   * system that it was linked to, with its orders, and tickets that name that customer but came from no conversation of the
   * visitor: the link is gone, and `DELETE /crm/customers/{customer_id}` is for the rest. This cannot be undone, and is for those
   * who may see all data of the organization.
   */
  @Delete(':id')
  @HttpCode(204)
  @Audited()
  @Allow('visitors:write')
  @Throws('visitor.not_found', 'visitor.deletion_forbidden', 'request.precondition_failed')
  delete(@Caller() caller: Principal, @Param('id') id: string, @IfMatch() ifMatch?: string): Promise<void> {
    return this.deletion.delete(caller, id, ifMatch);
  }
}
