import { Inject } from '@nestjs/common';
import { ConnectedSocket, MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import type { Logger } from 'pino';
import { DomainError } from '../../kernel/domain-error.js';
import { validate } from '../../platform/http/validation/validation.pipe.js';
import { LOGGER } from '../../platform/observability/tokens.js';
import { Conversations } from '../conversations/conversations.contract.js';
import { acknowledge } from './acknowledge.js';
import type { Acknowledgement } from './acknowledge.js';
import type { Client } from './connections.js';
import { plainPayload } from './plain-payload.js';
import { conversationOf, conversationRoomsOf, conversationsIn } from './rooms.js';
import { SocketCallers } from './socket-callers.js';
import { SubscriptionDto } from './socket-requests.dto.js';

/** Each adds rooms, and every event goes to rooms. */
const MOST_SUBSCRIPTIONS = 100;

/**
 * Tells a socket of one conversation, for as long as its owner may see it. Whoever is told of everything it may see
 * gets each event once all the same; whoever has no `events:read` gets what it has subscribed to.
 */
@WebSocketGateway({ namespace: '/v1' })
export class SubscriptionsGateway {
  constructor(
    private readonly conversations: Conversations,
    private readonly callers: SocketCallers,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  @SubscribeMessage('conversation.subscribe')
  subscribe(@ConnectedSocket() client: Client, @MessageBody() body: unknown): Promise<Acknowledgement<unknown>> {
    return acknowledge(this.logger, async () => {
      const principal = await this.callers.allow(client, 'messages:read');
      const { conversation_id } = validate(SubscriptionDto, plainPayload(body));
      await this.conversations.assertVisible(principal, conversation_id);
      const known = conversationsIn(client.rooms);
      if (!known.includes(conversation_id) && known.length >= MOST_SUBSCRIPTIONS) {
        throw new DomainError('conflict', 'conversation.too_many_subscriptions', `A socket subscribes to ${MOST_SUBSCRIPTIONS} conversations at the most.`);
      }
      await client.join(conversationRoomsOf(principal, conversation_id));
      return { conversation_id, subscribed: true };
    });
  }

  /** Of what the socket is told anyway it is told on. */
  @SubscribeMessage('conversation.unsubscribe')
  unsubscribe(@ConnectedSocket() client: Client, @MessageBody() body: unknown): Promise<Acknowledgement<unknown>> {
    return acknowledge(this.logger, async () => {
      await this.callers.allow(client, 'messages:read');
      const { conversation_id } = validate(SubscriptionDto, plainPayload(body));
      for (const room of [...client.rooms]) if (conversationOf(room) === conversation_id) await client.leave(room);
      return { conversation_id, subscribed: false };
    });
  }
}
