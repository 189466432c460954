import { Injectable } from '@nestjs/common';
import type { SelectQueryBuilder } from 'typeorm';
import { DomainError, notFound } from '../../kernel/domain-error.js';
import type { Page } from '../../kernel/page.js';
import { visibilityOf } from '../../kernel/principal.js';
import type { Principal } from '../../kernel/principal.js';
import { keysetPage } from '../../platform/database/keyset.js';
import type { Sorting } from '../../platform/database/keyset.js';
import { addRows } from '../../platform/database/rows.js';
import { isUniqueViolation } from '../../platform/database/unique-violation.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { visibleTo } from '../../platform/database/visible-to.js';
import { ENDED } from './domain/ticket-status.js';
import { NEVER_DUE, TicketEntity } from './ticket.entity.js';
import { FILTERS } from './tickets.dto.js';
import type { ListTicketsDto } from './tickets.dto.js';

export const OWN_ID = /^tkt_[0-9a-z]{26}$/;

const SORTING: Sorting = {
  columns: { created_at: 'created_at', updated_at: 'updated_at', due_at: 'due_at' },
  default: '-created_at',
  tieBreaker: 'id',
};

const COLUMNS = { agentId: 'ticket.agent_id', department: 'ticket.department', channel: 'ticket.channel', queued: 'ticket.agent_id IS NULL' };
const OVERDUE = 'ticket.due_at < :now AND ticket.status NOT IN (:...ended)';

@Injectable()
export class TicketsRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** Takes the ticket's own id or its `ticket_id`. */
  async get(principal: Principal, id: string): Promise<TicketEntity> {
    const ticket = await this.named(principal, id).getOne();
    if (ticket === null) throw notFound('ticket', id);
    return ticket;
  }

  async getForUpdate(principal: Principal, id: string): Promise<TicketEntity> {
    const ticket = await this.locked(this.named(principal, id)).getOne();
    if (ticket === null) throw notFound('ticket', id);
    return ticket;
  }

  async insert(ticket: TicketEntity): Promise<void> {
    await this.refuseTakenId(ticket, () => this.unitOfWork.transaction.insert(TicketEntity, ticket as object));
    await this.addTags(ticket);
  }

  /** Writes what differs; the row must be locked. */
  async update(before: TicketEntity, after: TicketEntity): Promise<void> {
    const names = Object.keys(after) as (keyof TicketEntity)[];
    const changes = Object.fromEntries(names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name])).map((name) => [name, after[name]]));
    if (Object.keys(changes).length === 0) return;
    await this.refuseTakenId(after, () => this.unitOfWork.transaction.update(TicketEntity, { id: after.id }, changes as object));
    if (!('tags' in changes)) return;
    await this.unitOfWork.write('DELETE FROM ticket_tags WHERE ticket_id = ?', [after.id]);
    await this.addTags(after);
  }

  async remove({ id }: TicketEntity): Promise<void> {
    for (const table of ['ticket_tags', 'ticket_comments', 'ticket_changes']) await this.unitOfWork.write(`DELETE FROM ${table} WHERE ticket_id = ?`, [id]);
    await this.unitOfWork.write('DELETE FROM tickets WHERE id = ?', [id]);
  }

  async list(principal: Principal, filter: ListTicketsDto, now: number): Promise<Page<TicketEntity>> {
    const query = this.visible(principal);
    for (const field of FILTERS) {
      if (filter[field] !== undefined) query.andWhere(`ticket.${field} = :${field}`, { [field]: filter[field] });
    }
    if (filter.unassigned !== undefined) query.andWhere(`ticket.handler IS ${filter.unassigned ? '' : 'NOT '}NULL`);
    if (filter.ticket_id !== undefined) query.andWhere('ticket.external_id = :externalId', { externalId: filter.ticket_id });
    if (filter.due_since !== undefined) query.andWhere('ticket.due_at < :neverDue', { neverDue: NEVER_DUE });
    for (const column of ['due', 'created', 'updated'] as const) {
      const [since, until] = [filter[`${column}_since`], filter[`${column}_until`]];
      if (since !== undefined) query.andWhere(`ticket.${column}_at >= :${column}Since`, { [`${column}Since`]: since });
      if (until !== undefined) query.andWhere(`ticket.${column}_at < :${column}Until`, { [`${column}Until`]: until });
    }
    if (filter.tag !== undefined) {
      query.andWhere('ticket.id IN (SELECT t.ticket_id FROM ticket_tags t WHERE t.organization_id = :organizationId AND t.tag = :tag)', { tag: filter.tag });
    }
    if (filter.overdue !== undefined) query.andWhere(filter.overdue ? OVERDUE : `NOT (${OVERDUE})`, { now, ended: ENDED });
    return keysetPage(query, SORTING, filter);
  }

  /** Those that an agent handles and that have not ended, locked. */
  async workOf(organizationId: string, agentId: string): Promise<TicketEntity[]> {
    const query = this.unitOfWork.transaction
      .createQueryBuilder(TicketEntity, 'ticket')
      .where('ticket.organization_id = :organizationId AND ticket.agent_id = :agentId', { organizationId, agentId })
      .andWhere('ticket.status NOT IN (:...ended)', { ended: ENDED })
      .orderBy('ticket.id');
    return this.locked(query).getMany();
  }

  /** The ticket that holds the off-hours messages of a conversation. */
  async findLeaveMessage(conversationId: string): Promise<TicketEntity | null> {
    const query = this.unitOfWork.transaction.createQueryBuilder(TicketEntity, 'ticket').where('ticket.leave_message_of = :conversationId', { conversationId });
    return this.locked(query).getOne();
  }

  private locked(query: SelectQueryBuilder<TicketEntity>): SelectQueryBuilder<TicketEntity> {
    return this.unitOfWork.dialect === 'mysql' ? query.setLock('pessimistic_write') : query;
  }

  /** By one of two unique keys: with both in one condition, MySQL would lock more than the row. */
  private named(principal: Principal, id: string): SelectQueryBuilder<TicketEntity> {
    return this.visible(principal).andWhere(OWN_ID.test(id) ? 'ticket.id = :id' : 'ticket.external_id = :id', { id });
  }

  /** Confined to the organization and to what the caller may see in it. */
  private visible(principal: Principal): SelectQueryBuilder<TicketEntity> {
    const query = this.unitOfWork.manager
      .createQueryBuilder(TicketEntity, 'ticket')
      .where('ticket.organization_id = :organizationId', { organizationId: principal.organizationId });
    const condition = visibleTo(visibilityOf(principal), COLUMNS);
    return condition === null ? query : query.andWhere(condition.sql, condition.parameters);
  }

  private async addTags({ id, organization_id, tags }: TicketEntity): Promise<void> {
    await addRows(this.unitOfWork, 'ticket_tags', ['ticket_id', 'tag', 'organization_id'], [...new Set(tags)].map((tag) => [id, tag, organization_id]));
  }

  private async refuseTakenId(ticket: TicketEntity, write: () => Promise<unknown>): Promise<void> {
    try {
      await write();
    } catch (error) {
      if (!isUniqueViolation(error, 'tickets_external_id', 'tickets.organization_id, tickets.external_id')) throw error;
      throw new DomainError('conflict', 'ticket.ticket_id_taken', `There is a ticket with ticket_id ${JSON.stringify(ticket.external_id)} already.`);
    }
  }
}
