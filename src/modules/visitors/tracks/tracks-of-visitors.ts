import { Injectable } from '@nestjs/common';
import { changeRows, deleteSome } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { VisitorHoldings } from '../visitors.contract.js';
import type { VisitorHolding } from '../visitors.contract.js';

/** Pages say much of who looked at them: they are not kept without a visitor. */
@Injectable()
export class TracksOfVisitors implements VisitorHolding {
  readonly name = 'tracks';

  constructor(
    private readonly unitOfWork: UnitOfWork,
    holdings: VisitorHoldings,
  ) {
    holdings.register(this);
  }

  async move(organizationId: string, fromId: string, toId: string): Promise<void> {
    await changeRows(this.unitOfWork, 'UPDATE visitor_tracks SET visitor_id = ? WHERE visitor_id = ? AND organization_id = ?', [toId, fromId, organizationId]);
  }

  async erase(organizationId: string, visitorId: string, limit: number): Promise<number> {
    const where = 'visitor_id = ? AND organization_id = ?';
    return deleteSome(this.unitOfWork, { table: 'visitor_tracks', key: 'id', where, parameters: [visitorId, organizationId] }, limit);
  }
}
