import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { Outbox } from '../../platform/outbox/outbox.js';
import { ticketEvent } from './ticket-events.js';
import type { Actor } from './ticket-events.js';
import { TicketLogRepository } from './ticket-log.repository.js';
import type { TicketEntity } from './ticket.entity.js';
import { TicketsRepository } from './tickets.repository.js';
import { toTicketView } from './tickets.view.js';
import { TICKET_WRITABLE } from './tickets.view.dto.js';

/** Writes a ticket with the history and the events of the change, in the open unit. */
@Injectable()
export class SaveTicket {
  constructor(
    private readonly tickets: TicketsRepository,
    private readonly log: TicketLogRepository,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
  ) {}

  async insert(ticket: TicketEntity, actor: Actor): Promise<void> {
    await this.tickets.insert(ticket);
    this.outbox.append(ticketEvent('ticket.created', ticket, actor, ticket.created_at));
  }

  /** Returns the ticket as it is now. The row must be locked. */
  async update(before: TicketEntity, changed: TicketEntity, actor: Actor): Promise<TicketEntity> {
    const now = this.clock.now();
    const [old, view] = [toTicketView(before, now), toTicketView(changed, now)];
    const fields = TICKET_WRITABLE.filter((field) => JSON.stringify(old[field]) !== JSON.stringify(view[field]));
    const after = fields.length === 0 ? changed : { ...changed, updated_at: now };
    await this.tickets.update(before, after);
    await this.log.addChanges(after.id, fields.map((field) => ({ field, from: old[field], to: view[field] })), actor, now);
    this.announce(before, after, fields, actor, now);
    return after;
  }

  /** One event for the status with the handler, as other systems write them together; one for the rest. */
  private announce(before: TicketEntity, after: TicketEntity, fields: readonly string[], actor: Actor, now: number): void {
    const previous = { previous_status: before.status, previous_handler: before.handler };
    const moved = fields.includes('status');
    if (moved) this.outbox.append(ticketEvent('ticket.status_changed', after, actor, now, previous));
    const changed = fields.filter((field) => !moved || (field !== 'status' && field !== 'handler'));
    if (changed.length > 0) this.outbox.append(ticketEvent('ticket.updated', after, actor, now, { ...previous, changed }));
  }
}
