import { Inject } from '@nestjs/common';
import { ConnectedSocket, MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import type { Logger } from 'pino';
import { LOGGER } from '../../platform/observability/tokens.js';
import { MessageReceipts } from '../messages/receipts/message-receipts.contract.js';
import type { ReceiptKind } from '../messages/receipts/message-receipts.contract.js';
import { acknowledge } from './acknowledge.js';
import type { Acknowledgement } from './acknowledge.js';
import type { Client } from './connections.js';
import { plainPayload } from './plain-payload.js';
import { SocketCallers } from './socket-callers.js';

/** What arrived and what was read, as clients tell it. */
@WebSocketGateway({ namespace: '/v1' })
export class ReceiptsGateway {
  constructor(
    private readonly receipts: MessageReceipts,
    private readonly callers: SocketCallers,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  @SubscribeMessage('message.read')
  read(@ConnectedSocket() client: Client, @MessageBody() body: unknown): Promise<Acknowledgement<unknown>> {
    return this.receive(client, 'read', body);
  }

  @SubscribeMessage('message.delivered')
  delivered(@ConnectedSocket() client: Client, @MessageBody() body: unknown): Promise<Acknowledgement<unknown>> {
    return this.receive(client, 'delivered', body);
  }

  private receive(client: Client, kind: ReceiptKind, body: unknown): Promise<Acknowledgement<unknown>> {
    return acknowledge(this.logger, async () => {
      const principal = await this.callers.allowWithVisitors(client, 'messages:write');
      const receipt = await this.receipts.receive(principal, kind, plainPayload(body));
      if (principal.kind !== 'visitor') return receipt;
      // How much the desk has read is its own affair.
      const { unread_count: _, ...own } = receipt;
      return own;
    });
  }
}
