import { Injectable } from '@nestjs/common';
import { Departments } from '../../departments/departments.contract.js';
import { TicketFacts } from '../../tickets/ticket-facts.contract.js';
import type { TicketFact } from '../../tickets/ticket-facts.contract.js';
import { dayOf, quarterOf } from '../cells/cell.js';
import type { Cell, Labels } from '../cells/cell.js';
import { valuesOf } from '../cells/sources.js';
import { FactStore } from '../facts/fact-store.js';
import type { NewFact } from '../facts/fact-store.js';

/** Counts tickets as they are now, in place of what was counted of them before. */
@Injectable()
export class CountTickets {
  constructor(
    private readonly tickets: TicketFacts,
    private readonly departments: Departments,
    private readonly facts: FactStore,
  ) {}

  /** Needs an open unit that holds the projection. A ticket that is gone counts no more. */
  async count(organizationId: string, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const tickets = new Map((await this.tickets.find(organizationId, ids)).map((ticket) => [ticket.id, ticket]));
    const known = await this.facts.load(organizationId, 'ticket', ids);
    const facts: NewFact[] = [];
    for (const id of ids) {
      const ticket = tickets.get(id);
      const before = known.get(id);
      if (ticket === undefined) for (const [day, fact] of before ?? []) facts.push({ subjectId: id, day, cells: [], known: fact });
      else facts.push({ subjectId: id, day: dayOf(ticket.createdAt), cells: [await this.cellOf(organizationId, ticket)], known: before?.get(dayOf(ticket.createdAt)) });
    }
    await this.facts.replace(organizationId, 'ticket', facts);
  }

  private async cellOf(organizationId: string, ticket: TicketFact): Promise<Cell> {
    const { createdAt, solvedAt, dueAt, department, status } = ticket;
    const values = valuesOf('ticket', {
      total: 1,
      [status]: 1,
      // What is not solved becomes overdue without an event: reports add those.
      overdue: Number(solvedAt !== null && dueAt !== null && solvedAt > dueAt),
      solved: Number(solvedAt !== null),
      resolution_ms: solvedAt === null ? 0 : solvedAt - createdAt,
      resolution_business_ms: solvedAt === null ? 0 : await this.departments.businessMsBetween(organizationId, department, createdAt, solvedAt),
    });
    return { quarter: quarterOf(createdAt), labels: labelsOfTicket(ticket), values };
  }
}

export function labelsOfTicket({ agentId, department, channel, category, priority, status }: TicketFact): Labels {
  return { agent: agentId, department, channel, category, priority, status };
}
