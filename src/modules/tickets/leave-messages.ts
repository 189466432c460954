import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import type { DomainEvent } from '../../kernel/domain-event.js';
import { idMadeOf } from '../../kernel/ids.js';
import { Outbox } from '../../platform/outbox/outbox.js';
import type { DurableSubscriber } from '../../platform/outbox/outbox.js';
import { Departments } from '../departments/departments.contract.js';
import { CommentTicket } from './comment-ticket.js';
import { newTicket } from './new-ticket.js';
import { SaveTicket } from './save-ticket.js';
import { SYSTEM } from './ticket-events.js';
import { TicketReferences } from './ticket-references.js';
import { MAX_CONTENT_CHARACTERS } from './tickets.dto.js';
import { TicketsRepository } from './tickets.repository.js';

const CATEGORY = 'leave_message';
const TITLE_CHARACTERS = 200;
/** Stands for a title where there is nothing to say. */
export const NO_WORDS = '…';

/**
 * What visitors write while nobody is there becomes a ticket, where the department wants that: one for each conversation,
 * with what follows as comments. Whoever sends a message has locked its conversation, so that there is no second ticket.
 */
@Injectable()
export class LeaveMessages implements DurableSubscriber {
  /** History that is brought in later is nothing that anybody has to answer. */
  readonly announces = true;

  constructor(
    private readonly tickets: TicketsRepository,
    private readonly comments: CommentTicket,
    private readonly save: SaveTicket,
    private readonly departments: Departments,
    private readonly references: TicketReferences,
    private readonly clock: Clock,
    outbox: Outbox,
  ) {
    outbox.subscribe(this);
  }

  async plan(events: readonly DomainEvent[]): Promise<void> {
    for (const event of events) {
      if (event.type === 'message.received' && event.subject.queued && (await this.isLeft(event))) await this.keep(event);
    }
  }

  private async isLeft({ organizationId, subject: { department }, occurredAt }: DomainEvent): Promise<boolean> {
    if ((await this.departments.offHoursAction(organizationId, department)) !== 'ticket') return false;
    return !(await this.departments.isOpen(organizationId, department, occurredAt));
  }

  private async keep({ organizationId, subject, data }: DomainEvent): Promise<void> {
    const conversationId = subject.conversationId!;
    const visitorId = data['visitor_id'] as string;
    const messageId = data['message_id'] as string;
    const words = wordsOf(data);
    const known = await this.tickets.findLeaveMessage(conversationId);
    if (known !== null) return this.comments.appendMessage(known, words, visitorId, messageId);
    const ticket = newTicket(
      {
        id: idMadeOf('ticket', messageId), organization_id: organizationId, title: titleOf(words), content: words, category: CATEGORY, department: subject.department, channel: subject.channel,
        conversation_id: conversationId, visitor_id: visitorId, customer_id: await this.references.customerOf(organizationId, visitorId), leave_message_of: conversationId,
      },
      this.clock.now(),
    );
    await this.save.insert(ticket, SYSTEM);
  }
}

/** Of what is no text its kind and what the sender has put into it. */
function wordsOf({ type, content }: Record<string, unknown>): string {
  const words = typeof content === 'string' ? content : `[${String(type)}] ${JSON.stringify(content)}`;
  return [...words].slice(0, MAX_CONTENT_CHARACTERS).join('');
}

function titleOf(words: string): string {
  const [line = ''] = words.trim().split(/[\r\n]/, 1);
  return [...line].slice(0, TITLE_CHARACTERS).join('') || NO_WORDS;
}
