import { Injectable } from '@nestjs/common';
import { changeRows, placeholders } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { ErasedEvents } from '../../events/events.contract.js';
import type { ErasedEvent } from '../../events/events.contract.js';
import { BatchAnswers } from './batch-answers.js';

/**
 * Forgets what receivers have answered to events that were erased: some send back what they got. A delivery that is still
 * to be sent is sent with what is left of its event. One that is being sent writes down no answer: it finds the mark.
 */
@Injectable()
export class EraseDeliveries {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly answers: BatchAnswers,
    events: ErasedEvents,
  ) {
    events.onErase((organizationId, erased) => this.erase(organizationId, erased));
  }

  private async erase(organizationId: string, events: readonly ErasedEvent[]): Promise<void> {
    const instants = events.map(({ occurredAt }) => occurredAt);
    const range = [instants.reduce((a, b) => Math.min(a, b)), instants.reduce((a, b) => Math.max(a, b))];
    const eventIds = events.map(({ id }) => id);
    for (let callback = await this.callbackAfter(''); callback !== null; callback = await this.callbackAfter(callback.id)) {
      if (callback.organizationId !== organizationId) continue;
      // A delivery is as old as its event, and is found along the index of lists.
      const rows = await this.unitOfWork.query<{ id: string }>(
        `SELECT id FROM callback_deliveries WHERE callback_id = ? AND created_at >= ? AND created_at <= ? AND event_id IN (${placeholders(eventIds.length)}) ORDER BY id${this.unitOfWork.forUpdate}`,
        [callback.id, ...range, ...eventIds],
      );
      if (rows.length === 0) continue;
      const own = rows.map(({ id }) => id);
      await changeRows(this.unitOfWork, `UPDATE callback_deliveries SET erased = 1 WHERE id IN (${placeholders(own.length)})`, own);
      await this.answers.forget(await this.answers.sharing(own));
    }
  }

  /** Endpoints may be gone, so it asks for theirs. */
  private async callbackAfter(id: string): Promise<{ id: string; organizationId: string } | null> {
    const [row] = await this.unitOfWork.query<{ callback_id: string; organization_id: string }>(
      'SELECT callback_id, organization_id FROM callback_deliveries WHERE callback_id > ? ORDER BY callback_id LIMIT 1',
      [id],
    );
    return row === undefined ? null : { id: row.callback_id, organizationId: row.organization_id };
  }
}
