import { Injectable } from '@nestjs/common';
import type { DomainEvent } from '../../kernel/domain-event.js';
import { Outbox } from '../../platform/outbox/outbox.js';
import type { DurableSubscriber } from '../../platform/outbox/outbox.js';
import { SaveTicket } from './save-ticket.js';
import { SYSTEM } from './ticket-events.js';
import { TicketsRepository } from './tickets.repository.js';

/** What an agent who is no more had to do, its department sees again; what had ended stays under its name. */
@Injectable()
export class FreeHandlers implements DurableSubscriber {
  constructor(
    private readonly tickets: TicketsRepository,
    private readonly save: SaveTicket,
    outbox: Outbox,
  ) {
    outbox.subscribe(this);
  }

  async plan(events: readonly DomainEvent[]): Promise<void> {
    for (const { type, organizationId, data } of events) {
      if (type !== 'agent.deleted') continue;
      for (const ticket of await this.tickets.workOf(organizationId, data['agent_id'] as string)) {
        await this.save.update(ticket, { ...ticket, handler: null, agent_id: null }, SYSTEM);
      }
    }
  }
}
