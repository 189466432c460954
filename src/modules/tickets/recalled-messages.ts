import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import type { DomainEvent } from '../../kernel/domain-event.js';
import { idMadeOf } from '../../kernel/ids.js';
import { Outbox } from '../../platform/outbox/outbox.js';
import type { DurableSubscriber } from '../../platform/outbox/outbox.js';
import { NO_WORDS } from './leave-messages.js';
import { SYSTEM, ticketEvent } from './ticket-events.js';
import { TicketLogRepository } from './ticket-log.repository.js';
import type { TicketEntity } from './ticket.entity.js';
import { TicketsRepository } from './tickets.repository.js';
import { toCommentView, toTicketView } from './tickets.view.js';

const WORDS = ['title', 'content'] as const;

/** A message that is recalled does not stay in the ticket that it became. What somebody has written in its place since is theirs. */
@Injectable()
export class RecalledMessages implements DurableSubscriber {
  constructor(
    private readonly tickets: TicketsRepository,
    private readonly log: TicketLogRepository,
    private readonly clock: Clock,
    private readonly outbox: Outbox,
  ) {
    outbox.subscribe(this);
  }

  async plan(events: readonly DomainEvent[]): Promise<void> {
    for (const { type, subject, data } of events) {
      if (type === 'message.deleted') await this.takeBack(subject.conversationId!, data['message_id'] as string);
    }
  }

  private async takeBack(conversationId: string, messageId: string): Promise<void> {
    const ticket = await this.tickets.findLeaveMessage(conversationId);
    // An empty title: its words were erased already.
    if (ticket === null || ticket.title === '') return;
    if (ticket.id === idMadeOf('ticket', messageId)) await this.takeBackWords(ticket);
    else await this.takeBackComment(ticket, idMadeOf('ticketComment', messageId));
  }

  private async takeBackWords(ticket: TicketEntity): Promise<void> {
    const rewritten = await this.log.forgetFirstValues(ticket.id, WORDS);
    const changed = WORDS.filter((field) => !rewritten.includes(field));
    if (changed.length === 0) return;
    const now = this.clock.now();
    const after: TicketEntity = { ...ticket, updated_at: now };
    if (changed.includes('title')) after.title = NO_WORDS;
    if (changed.includes('content')) after.content = null;
    await this.tickets.update(ticket, after);
    const view = toTicketView(after, now);
    await this.log.addChanges(ticket.id, changed.map((field) => ({ field, from: null, to: view[field] })), SYSTEM, now);
    this.tell(after, { changed });
  }

  private async takeBackComment(ticket: TicketEntity, commentId: string): Promise<void> {
    const comment = await this.log.emptyComment(ticket.id, commentId);
    if (comment !== null) this.tell(ticket, { changed: ['comments'], comment: toCommentView(comment) });
  }

  private tell(ticket: TicketEntity, data: Record<string, unknown>): void {
    const previous = { previous_status: ticket.status, previous_handler: ticket.handler };
    this.outbox.append(ticketEvent('ticket.updated', ticket, SYSTEM, this.clock.now(), { ...previous, ...data }));
  }
}
