import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { domainEvent } from '../../../kernel/domain-event.js';
import { addRows, changeRows } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { Outbox } from '../../../platform/outbox/outbox.js';
import type { VisitorEntity } from '../visitor.entity.js';
import { VisitorHoldings } from '../visitors.contract.js';
import { VisitorsRepository } from '../visitors.repository.js';
import { toVisitorView } from '../visitors.view.js';
import type { VisitorConnectionEntity } from './visitor-connection.entity.js';

export interface Connection {
  id: string;
  visitorId: string;
  organizationId: string;
}

/** The rows of open sockets, and what they make of a visitor; both change under the lock of the visitor's row. */
@Injectable()
export class VisitorConnections {
  constructor(
    private readonly visitors: VisitorsRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
    holdings: VisitorHoldings,
  ) {
    holdings.register({ name: 'connections', move: (_, fromId, toId) => this.move(fromId, toId), erase: (_, visitorId) => this.removeAll(visitorId) });
  }

  async add({ id, visitorId, organizationId }: Connection, processId: string): Promise<void> {
    await this.unitOfWork.run(async () => {
      const visitor = await this.visitors.getForUpdate(organizationId, visitorId);
      await addRows(this.unitOfWork, 'visitor_connections', ['id', 'organization_id', 'visitor_id', 'process_id'], [[id, organizationId, visitor.id, processId]]);
      await this.see(visitor, true);
    });
  }

  async remove(id: string): Promise<void> {
    await this.unitOfWork.run(async () => {
      const connection = await this.find(id);
      if (connection === null) return;
      const visitor = await this.visitors.findForUpdate(connection.organization_id, connection.visitor_id);
      const removed = await changeRows(this.unitOfWork, 'DELETE FROM visitor_connections WHERE id = ?', [id]);
      if (removed > 0 && visitor !== null) await this.see(visitor, await this.hasAny(visitor.id));
    });
  }

  /** Writes down that a visitor was there just now; tells of it when that makes it come or go. */
  async see(visitor: VisitorEntity, online: boolean): Promise<void> {
    const now = this.clock.now();
    const after: VisitorEntity = { ...visitor, online, last_seen_at: Math.max(now, visitor.last_seen_at ?? 0) };
    await this.visitors.update(after, { online, last_seen_at: after.last_seen_at });
    if (online !== visitor.online) {
      this.outbox.append(domainEvent(visitor.organization_id, online ? 'visitor.online' : 'visitor.offline', now, { visitor_id: visitor.id, visitor: toVisitorView(after) }));
    }
  }

  private async move(fromId: string, toId: string): Promise<void> {
    await changeRows(this.unitOfWork, 'UPDATE visitor_connections SET visitor_id = ? WHERE visitor_id = ?', [toId, fromId]);
  }

  private async removeAll(visitorId: string): Promise<number> {
    await this.unitOfWork.run(() => changeRows(this.unitOfWork, 'DELETE FROM visitor_connections WHERE visitor_id = ?', [visitorId]));
    return 0;
  }

  private async find(id: string): Promise<VisitorConnectionEntity | null> {
    const [row] = await this.unitOfWork.query<VisitorConnectionEntity>('SELECT * FROM visitor_connections WHERE id = ?', [id]);
    return row ?? null;
  }

  private async hasAny(visitorId: string): Promise<boolean> {
    return (await this.unitOfWork.query('SELECT 1 AS found FROM visitor_connections WHERE visitor_id = ? LIMIT 1', [visitorId])).length > 0;
  }
}
