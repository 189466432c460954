import { Injectable } from '@nestjs/common';
import type { EventType } from '../../../kernel/domain-event.js';
import { Projections } from '../../../platform/outbox/projections.js';
import type { PositionedEvent, Projection } from '../../../platform/outbox/projections.js';
import { CountConversations } from './count-conversations.js';
import { CountTickets } from './count-tickets.js';
import { PROJECTION } from './projection-name.js';
import { ServingAgents } from './serving-agents.js';

/**
 * Keeps the figures up with the event log. An event only says what has changed: the conversation or ticket is counted as
 * it is now, in place of what was counted before. Only the time of agents is made of the events themselves.
 */
@Injectable()
export class StatisticsProjection implements Projection {
  readonly name = PROJECTION;

  constructor(
    private readonly conversations: CountConversations,
    private readonly tickets: CountTickets,
    private readonly serving: ServingAgents,
    projections: Projections,
  ) {
    projections.register(this);
  }

  concerns(type: EventType): boolean {
    return countsForConversation(type) || type.startsWith('ticket.') || type.startsWith('agent.');
  }

  async apply(organizationId: string, events: readonly PositionedEvent[]): Promise<void> {
    await this.serving.follow(organizationId, events);
    await this.conversations.count(organizationId, [...new Set(events.filter(({ type, conversationId }) => conversationId !== null && countsForConversation(type)).map(({ conversationId }) => conversationId!))]);
    await this.tickets.count(organizationId, [...new Set(events.filter(({ type }) => type.startsWith('ticket.')).map(({ data }) => data['id'] as string))]);
  }
}

function countsForConversation(type: EventType): boolean {
  return type.startsWith('conversation.') || type === 'message.received' || type === 'message.sent';
}
