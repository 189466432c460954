import { Injectable } from '@nestjs/common';
import { placeholders } from '../../platform/database/rows.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { VisitorHoldings } from '../visitors/visitors.contract.js';
import type { VisitorHolding } from '../visitors/visitors.contract.js';

/** Tickets that came from a visitor's conversations. One whose title is empty has been erased: no caller can make it so. */
@Injectable()
export class VisitorsTickets implements VisitorHolding {
  readonly name = 'tickets';

  constructor(
    private readonly unitOfWork: UnitOfWork,
    holdings: VisitorHoldings,
  ) {
    holdings.register(this);
  }

  async move(organizationId: string, fromId: string, toId: string): Promise<void> {
    const rows = await this.unitOfWork.query<{ id: string }>('SELECT id FROM tickets WHERE visitor_id = ? AND organization_id = ?', [fromId, organizationId]);
    const ids = rows.map(({ id }) => id);
    await this.unitOfWork.write(`UPDATE ticket_comments SET author_id = ? WHERE ticket_id IN (${placeholders(ids.length)}) AND author_id = ?`, [toId, ...ids, fromId]);
    await this.unitOfWork.write('UPDATE tickets SET visitor_id = ? WHERE visitor_id = ? AND organization_id = ?', [toId, fromId, organizationId]);
  }

  /** Also what was told of a ticket before it was the visitor's, and answers that name nothing but a comment. */
  async owned(organizationId: string, visitorId: string, ids: readonly string[]): Promise<string[]> {
    const tickets = ids.filter((id) => id.startsWith('tkt_'));
    const comments = ids.filter((id) => id.startsWith('tcm_'));
    const own = 't.organization_id = ? AND t.visitor_id = ?';
    const rows = await this.unitOfWork.query<{ id: string }>(
      `SELECT t.id FROM tickets t WHERE ${own} AND t.id IN (${placeholders(tickets.length)})
       UNION ALL SELECT c.id FROM ticket_comments c JOIN tickets t ON t.id = c.ticket_id WHERE ${own} AND c.id IN (${placeholders(comments.length)})`,
      [organizationId, visitorId, ...tickets, organizationId, visitorId, ...comments],
    );
    return rows.map(({ id }) => id);
  }

  async erase(organizationId: string, visitorId: string, limit: number): Promise<number> {
    return this.unitOfWork.run(async () => {
      const rows = await this.unitOfWork.query<{ id: string }>(
        `SELECT id FROM tickets WHERE organization_id = ? AND visitor_id = ? AND title <> '' ORDER BY created_at, id LIMIT ?${this.unitOfWork.forUpdate}`,
        [organizationId, visitorId, limit],
      );
      if (rows.length === 0) return 0;
      const ids = rows.map(({ id }) => id);
      const among = `IN (${placeholders(ids.length)})`;
      await this.unitOfWork.write(`UPDATE ticket_comments SET content = '', author_name = NULL WHERE ticket_id ${among}`, ids);
      await this.unitOfWork.write(`UPDATE ticket_changes SET old_value = 'null', new_value = 'null' WHERE ticket_id ${among} AND field IN ('title', 'content', 'customer_id', 'tags')`, ids);
      await this.unitOfWork.write(`DELETE FROM ticket_tags WHERE ticket_id ${among}`, ids);
      await this.unitOfWork.write(`UPDATE tickets SET title = '', content = NULL, customer_id = NULL, tags = '[]' WHERE id ${among}`, ids);
      return rows.length;
    });
  }
}
