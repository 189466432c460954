import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { DomainError } from '../../kernel/domain-error.js';
import { idMadeOf, newId } from '../../kernel/ids.js';
import type { Principal } from '../../kernel/principal.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { Outbox } from '../../platform/outbox/outbox.js';
import { SYSTEM, actorOf, ticketEvent } from './ticket-events.js';
import type { Actor } from './ticket-events.js';
import type { AddCommentDto, TicketCommentView } from './ticket-log.dto.js';
import type { AuthorType, TicketCommentEntity } from './ticket-log.entity.js';
import { TicketLogRepository } from './ticket-log.repository.js';
import type { TicketEntity } from './ticket.entity.js';
import { TicketsRepository } from './tickets.repository.js';
import { toCommentView } from './tickets.view.js';

interface Author {
  type: AuthorType;
  id: string;
  name: string | null;
}

@Injectable()
export class CommentTicket {
  constructor(
    private readonly tickets: TicketsRepository,
    private readonly log: TicketLogRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
  ) {}

  async add(principal: Principal, ticketId: string, input: AddCommentDto): Promise<TicketCommentView> {
    return this.unitOfWork.run(async () => this.append(principal, await this.tickets.getForUpdate(principal, ticketId), input));
  }

  /** Needs the open unit that has locked the ticket. */
  async append(principal: Principal, ticket: TicketEntity, { content, author }: AddCommentDto): Promise<TicketCommentView> {
    return this.write(ticket, content, authorOf(principal, author ?? null), actorOf(principal));
  }

  /** What a visitor wrote, once for each message; as `append`. */
  async appendMessage(ticket: TicketEntity, content: string, visitorId: string, messageId: string): Promise<void> {
    await this.write(ticket, content, { type: 'visitor', id: visitorId, name: null }, SYSTEM, idMadeOf('ticketComment', messageId));
  }

  private async write(ticket: TicketEntity, content: string, author: Author, actor: Actor, id = newId('ticketComment')): Promise<TicketCommentView> {
    const now = this.clock.now();
    const comment: TicketCommentEntity = {
      id, ticket_id: ticket.id, content, author_type: author.type, author_id: author.id, author_name: author.name, created_at: now,
    };
    await this.log.addComment(comment);
    const view = toCommentView(comment);
    this.outbox.append(ticketEvent('ticket.commented', ticket, actor, now, { comment: view }));
    return view;
  }
}

function authorOf({ kind, id }: Principal, named: string | null): Author {
  if (kind !== 'agent') return { type: 'application', id, name: named };
  if (named !== null) throw new DomainError('forbidden', 'ticket.author_forbidden', 'Agents write as themselves only.');
  return { type: 'agent', id, name: null };
}
