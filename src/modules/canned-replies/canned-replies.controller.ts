import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../kernel/principal.js';
import { Allow, Caller } from '../../platform/http/allow.js';
import { ExampleBodies, SortsBy } from '../../platform/http/documentation.js';
import { IfMatch } from '../../platform/http/etag.js';
import { Audited } from '../../platform/http/request-origin.js';
import { AnswersResource } from '../../platform/http/resource-headers.js';
import { Throws } from '../../platform/http/throws.js';
import {
  CANNED_REPLY_WRITABLE, CannedReplyPageView, CannedReplyView, CreateCannedReplyDto, ListCannedRepliesDto, UpdateCannedReplyDto,
} from './canned-replies.dto.js';
import { CannedRepliesService } from './canned-replies.service.js';

const PATH = '/api/v1/canned-replies';

@ApiTags('canned-replies')
@Controller(PATH)
export class CannedRepliesController {
  constructor(private readonly replies: CannedRepliesService) {}

  /** Keeps a text for all, for a department or for an agent. Agents keep their own, supervisors those of their department too, admins all. */
  @Post()
  @Audited()
  @Allow('messages:write')
  @ExampleBodies({
    'For all': { shortcut: '/sorry', title: 'We are sorry', content: 'We are sorry that your parcel is late.', tags: ['parcel'] },
    'For a department': { scope: 'department', department: 'billing', shortcut: '/发票', title: '电子发票', content: '您好，发票已发送到您的邮箱。' },
  })
  @AnswersResource({ location: PATH, etagFields: CANNED_REPLY_WRITABLE })
  @Throws('canned_reply.shortcut_taken', 'canned_reply.not_writable')
  create(@Caller() caller: Principal, @Body() input: CreateCannedReplyDto): Promise<CannedReplyView> {
    return this.replies.create(caller, input);
  }

  /** Lists the texts that the caller may use, the newest first. */
  @Get()
  @Allow('messages:read')
  @SortsBy('-created_at', 'created_at', '-updated_at', 'updated_at', '-shortcut', 'shortcut')
  list(@Caller() caller: Principal, @Query() filter: ListCannedRepliesDto): Promise<CannedReplyPageView> {
    return this.replies.list(caller, filter);
  }

  /** Gets one text. */
  @Get(':id')
  @Allow('messages:read')
  @AnswersResource({ etagFields: CANNED_REPLY_WRITABLE })
  @Throws('canned_reply.not_found')
  get(@Caller() caller: Principal, @Param('id') id: string): Promise<CannedReplyView> {
    return this.replies.get(caller, id);
  }

  /** Changes a text; for whom it is stays. Fields that the body leaves out stay as they are. */
  @Put(':id')
  @Audited()
  @Allow('messages:write')
  @ExampleBodies({ 'Another text': { content: 'We are very sorry that your parcel is late.' } })
  @AnswersResource({ etagFields: CANNED_REPLY_WRITABLE })
  @Throws('canned_reply.not_found', 'canned_reply.shortcut_taken', 'canned_reply.not_writable', 'request.precondition_failed')
  update(@Caller() caller: Principal, @Param('id') id: string, @Body() input: UpdateCannedReplyDto, @IfMatch() ifMatch?: string): Promise<CannedReplyView> {
    return this.replies.update(caller, id, input, ifMatch);
  }

  /** Deletes a text. */
  @Delete(':id')
  @Audited()
  @HttpCode(204)
  @Allow('messages:write')
  @Throws('canned_reply.not_found', 'canned_reply.not_writable', 'request.precondition_failed')
  async delete(@Caller() caller: Principal, @Param('id') id: string, @IfMatch() ifMatch?: string): Promise<void> {
    await this.replies.delete(caller, id, ifMatch);
  }
}
