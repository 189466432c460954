import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../../kernel/principal.js';
import { Allow, Caller } from '../../../platform/http/allow.js';
import { ExampleBodies } from '../../../platform/http/documentation.js';
import { Throws } from '../../../platform/http/throws.js';
import { ReceiptDto, ReceiptView } from './receipts.dto.js';
import { ReceiveMessages } from './receive-messages.js';

const BODIES = { 'The agent, everything': {}, 'The visitor, up to a message': { up_to_seq: 1, reader: { type: 'visitor' } } };

@ApiTags('messages')
@Controller('/api/v1/conversations/:id')
export class ReceiptsController {
  constructor(private readonly receipts: ReceiveMessages) {}

  /** Notes what one side has read of what the other one wrote. Messages up to there have the status `read`. */
  @Post('read')
  @HttpCode(200)
  @Allow('messages:write')
  @ExampleBodies(BODIES)
  @Throws('conversation.not_found', 'message.reader_forbidden')
  read(@Caller() caller: Principal, @Param('id') id: string, @Body() input: ReceiptDto): Promise<ReceiptView> {
    return this.receipts.note(caller, 'read', id, input);
  }

  /** Notes what has arrived on one side and was not read yet. Messages up to there have the status `delivered`. */
  @Post('delivered')
  @HttpCode(200)
  @Allow('messages:write')
  @ExampleBodies(BODIES)
  @Throws('conversation.not_found', 'message.reader_forbidden')
  delivered(@Caller() caller: Principal, @Param('id') id: string, @Body() input: ReceiptDto): Promise<ReceiptView> {
    return this.receipts.note(caller, 'delivered', id, input);
  }
}
