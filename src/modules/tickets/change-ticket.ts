import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { invalidField } from '../../kernel/domain-error.js';
import type { Principal } from '../../kernel/principal.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { assertMatch } from '../../platform/http/etag.js';
import { Outbox } from '../../platform/outbox/outbox.js';
import { readInstant } from '../../platform/time/local-time.js';
import { AuditTrail } from '../audit/audit.contract.js';
import { Organizations } from '../organizations/organizations.contract.js';
import { afterWriting, comesTooLate } from './domain/status-clock.js';
import type { WriteTime } from './domain/status-clock.js';
import { ENDED, assertMove } from './domain/ticket-status.js';
import type { TicketStatus } from './domain/ticket-status.js';
import { dueAt } from './new-ticket.js';
import { SaveTicket } from './save-ticket.js';
import { CommentTicket } from './comment-ticket.js';
import { actorOf, ticketEvent } from './ticket-events.js';
import type { SyncTicketStatusDto } from './ticket-log.dto.js';
import { TicketReferences } from './ticket-references.js';
import type { TicketEntity } from './ticket.entity.js';
import type { UpdateTicketDto } from './tickets.dto.js';
import { TicketsRepository } from './tickets.repository.js';
import { toTicketView } from './tickets.view.js';
import { TICKET_WRITABLE } from './tickets.view.dto.js';
import type { TicketStatusView, TicketView } from './tickets.view.dto.js';

/** Everything that callers change about a ticket after it was made. */
@Injectable()
export class ChangeTicket {
  constructor(
    private readonly tickets: TicketsRepository,
    private readonly references: TicketReferences,
    private readonly save: SaveTicket,
    private readonly comments: CommentTicket,
    private readonly organizations: Organizations,
    private readonly audit: AuditTrail,
    private readonly unitOfWork: UnitOfWork,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
  ) {}

  async update(principal: Principal, id: string, input: UpdateTicketDto, ifMatch?: string): Promise<TicketView> {
    const { ticket_id, status, handler, conversation_id, due_at, ...fields } = input;
    return this.unitOfWork.run(async () => {
      if (typeof conversation_id === 'string') await this.references.lockConversation(conversation_id);
      const before = await this.tickets.getForUpdate(principal, id);
      const now = this.clock.now();
      assertMatch(ifMatch, toTicketView(before, now), TICKET_WRITABLE);
      const after: TicketEntity = { ...before, ...fields };
      if (ticket_id !== undefined) after.external_id = this.references.externalId(before.id, ticket_id);
      if (due_at !== undefined) after.due_at = dueAt(due_at);
      await this.giveConversation(principal, after, conversation_id);
      await this.giveHandler(after, handler);
      if (status !== undefined && status !== before.status) writeStatus(after, status, now);
      await this.freeWhenReopened(before, after);
      this.references.assertWithin(principal, after);
      return toTicketView(await this.save.update(before, after, actorOf(principal)), now);
    });
  }

  /** What another system says of the status: its last word by its own clock counts, in whatever order its words arrive. */
  async writeStatus(principal: Principal, id: string, input: SyncTicketStatusDto): Promise<TicketStatusView> {
    const given = await this.givenTime(principal, input.update_time);
    return this.unitOfWork.run(async () => {
      const before = await this.tickets.getForUpdate(principal, id);
      if (input.ticket_id !== undefined && ![before.id, before.external_id].includes(input.ticket_id)) {
        throw invalidField('ticket_id', 'ticket.other_ticket', 'The path names another ticket.');
      }
      const now = this.clock.now();
      if (given !== null && comesTooLate({ at: before.status_at, written: before.status_written }, input.status, given)) {
        return { ...toTicketView(before, now), applied: false };
      }
      const after = { ...before };
      await this.giveHandler(after, input.handler);
      writeStatus(after, input.status, given?.at ?? now);
      await this.freeWhenReopened(before, after);
      this.references.assertWithin(principal, after);
      const saved = await this.save.update(before, after, actorOf(principal));
      if (input.comment !== undefined) await this.comments.append(principal, saved, { content: input.comment });
      return { ...toTicketView(saved, now), applied: true };
    });
  }

  /** With its comments and its history; the audit log keeps that it was there. */
  async remove(principal: Principal, id: string, ifMatch?: string): Promise<void> {
    await this.unitOfWork.run(async () => {
      const ticket = await this.tickets.getForUpdate(principal, id);
      const now = this.clock.now();
      assertMatch(ifMatch, toTicketView(ticket, now), TICKET_WRITABLE);
      await this.tickets.remove(ticket);
      this.outbox.append(ticketEvent('ticket.deleted', ticket, actorOf(principal), now));
      await this.audit.record({
        organizationId: ticket.organization_id, actor: principal, action: 'ticket.deleted', target: { type: 'ticket', id: ticket.id },
        details: { ticket_id: ticket.external_id, status: ticket.status },
      });
    });
  }

  private async giveHandler(ticket: TicketEntity, handler: string | null | undefined): Promise<void> {
    if (handler === undefined || handler === ticket.handler) return;
    const found = await this.references.handler(ticket.organization_id, handler);
    Object.assign(ticket, { handler: found.handler, agent_id: found.agent_id });
  }

  /** What had ended stayed with its agent, who may be no more. */
  private async freeWhenReopened(before: TicketEntity, after: TicketEntity): Promise<void> {
    if (!ENDED.includes(before.status) || ENDED.includes(after.status) || after.agent_id === null) return;
    if (!(await this.references.isAtWork(after.organization_id, after.agent_id))) Object.assign(after, { handler: null, agent_id: null });
  }

  private async giveConversation(principal: Principal, ticket: TicketEntity, id: string | null | undefined): Promise<void> {
    if (id === undefined || id === ticket.conversation_id) return;
    const conversation = await this.references.conversation(principal, id);
    ticket.conversation_id = conversation?.id ?? null;
    if (conversation === null) return;
    await this.references.assertSameVisitor(ticket, conversation);
    Object.assign(ticket, { channel: conversation.channel, visitor_id: conversation.visitorId });
  }

  /** Null where the caller tells none. */
  private async givenTime(principal: Principal, text: string | undefined): Promise<WriteTime | null> {
    if (text === undefined) return null;
    const organization = await this.organizations.find(principal.organizationId);
    const at = readInstant(text, organization!.time_zone);
    if (at !== null) return { at, toTheSecond: !text.includes('.') };
    throw invalidField('update_time', 'not_a_time', 'update_time must be RFC 3339, or yyyy-MM-dd HH:mm:ss or yyyy-MM-dd in the time zone of the organization');
  }
}

function writeStatus(ticket: TicketEntity, status: TicketStatus, at: number): void {
  assertMove(ticket.status, status);
  const clock = afterWriting({ at: ticket.status_at, written: ticket.status_written }, status, at);
  Object.assign(ticket, { status, status_at: clock.at, status_written: clock.written });
}
