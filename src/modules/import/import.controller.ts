import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../kernel/principal.js';
import { Allow, Caller } from '../../platform/http/allow.js';
import { ExampleBodies } from '../../platform/http/documentation.js';
import { LargeBody } from '../../platform/http/large-body.js';
import { Audited } from '../../platform/http/request-origin.js';
import { ImportConversations } from './import-conversations.js';
import { ImportDto } from './import.dto.js';
import { ImportView } from './import.view.dto.js';

const A_CONVERSATION = {
  external_id: 'old-system/4711',
  visitor: { external_id: 'customer-4711', name: '张三' },
  channel: 'web',
  subject: 'Where is my parcel?',
  created_at: '2025-11-03T09:30:00Z',
  closed_at: '2025-11-03T10:05:00Z',
  rating: { score: 5, comment: 'Fast and kind' },
  messages: [
    { sender: { type: 'visitor' }, type: 'text', content: 'Where is my parcel?', created_at: '2025-11-03T09:30:00Z' },
    { sender: { type: 'bot', id: 'welcome-bot' }, type: 'text', content: 'It is on its way.', created_at: '2025-11-03T09:32:00Z' },
  ],
};

@ApiTags('import')
@Controller('/api/v1/import')
export class ImportController {
  constructor(private readonly imports: ImportConversations) {}

  /**
   * Brings in conversations of another system, with their messages and their own instants; each `external_id` once, however often
   * it is sent. They count in the statistics; nobody is told of them by callbacks or live, unless `announce` asks for it.
   */
  @Post()
  @HttpCode(200)
  @Audited()
  @LargeBody()
  @Allow('import:write')
  @ExampleBodies({ 'One conversation': { conversations: [A_CONVERSATION] } })
  import(@Caller() caller: Principal, @Body() input: ImportDto): Promise<ImportView> {
    return this.imports.import(caller, input);
  }
}
