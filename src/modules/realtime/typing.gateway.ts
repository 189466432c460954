import { Inject } from '@nestjs/common';
import { ConnectedSocket, MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import type { Logger } from 'pino';
import { Clock, toUnixSeconds } from '../../kernel/clock.js';
import { DomainError } from '../../kernel/domain-error.js';
import { newId } from '../../kernel/ids.js';
import type { Principal } from '../../kernel/principal.js';
import { validate } from '../../platform/http/validation/validation.pipe.js';
import { LOGGER } from '../../platform/observability/tokens.js';
import { Conversations } from '../conversations/conversations.contract.js';
import { acknowledge } from './acknowledge.js';
import type { Acknowledgement } from './acknowledge.js';
import type { Client } from './connections.js';
import { plainPayload } from './plain-payload.js';
import { conversationRoomsFor, roomsFor, visitorRoom } from './rooms.js';
import { SocketCallers } from './socket-callers.js';
import { TypingDto } from './socket-requests.dto.js';
import { TypingPace } from './typing-pace.js';

/** Tells those who may see a conversation that somebody is writing in it. Nothing of it is kept, and who is not there misses it. */
@WebSocketGateway({ namespace: '/v1' })
export class TypingGateway {
  private readonly paces = new WeakMap<Client, TypingPace>();

  constructor(
    private readonly conversations: Conversations,
    private readonly callers: SocketCallers,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  @SubscribeMessage('typing')
  typing(@ConnectedSocket() client: Client, @MessageBody() body: unknown): Promise<Acknowledgement<unknown>> {
    return acknowledge(this.logger, async () => {
      const principal = await this.callers.allowWithVisitors(client, 'messages:write');
      const input = validate(TypingDto, plainPayload(body));
      const { conversation_id, typing = true } = input;
      const now = this.clock.now();
      const conversation = await this.conversations.getVisible(principal, conversation_id);
      if (conversation.status === 'closed') throw new DomainError('conflict', 'conversation.closed', 'The conversation is closed.');
      if (!this.paceOf(client).admits(conversation_id, typing, now)) return { relayed: false };
      const subject = this.conversations.subjectOf(conversation);
      const rooms = [...roomsFor(principal.organizationId, subject), ...conversationRoomsFor(principal.organizationId, subject), visitorRoom(principal.organizationId, conversation.visitorId)];
      const data = { conversation_id, sender: senderOf(principal, input), typing };
      client.volatile.to(rooms).emit('typing', { id: newId('event'), event: 'typing', timestamp: toUnixSeconds(now), data });
      return { relayed: true };
    });
  }

  private paceOf(client: Client): TypingPace {
    const pace = this.paces.get(client) ?? new TypingPace();
    this.paces.set(client, pace);
    return pace;
  }
}

/** Agents and visitors write as themselves; an application says who does. */
function senderOf(principal: Principal, { sender }: TypingDto): { type: string; id: string | null } {
  if (principal.kind === 'agent' || principal.kind === 'visitor') {
    if (sender !== undefined && (sender.type !== principal.kind || (sender.id ?? principal.id) !== principal.id)) {
      throw new DomainError('forbidden', 'message.sender_forbidden', 'Agents and visitors write as themselves only.');
    }
    return { type: principal.kind, id: principal.id };
  }
  return { type: sender?.type ?? 'bot', id: sender?.id ?? null };
}
