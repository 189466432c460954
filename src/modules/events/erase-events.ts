import { Injectable } from '@nestjs/common';
import { withoutPersonalData } from '../../kernel/personal-data.js';
import { changeRows } from '../../platform/database/rows.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { VisitorHoldings } from '../visitors/visitors.contract.js';
import type { Erasure, VisitorTraces } from '../visitors/visitors.contract.js';
import { ErasedEvents } from './events.contract.js';
import type { ErasedEvent, ErasedEventsListener } from './events.contract.js';

/** Events that are looked at in one transaction. */
const STEP = 1000;

interface Row {
  number: number;
  id: string;
  organization_id: string;
  occurred_at: number;
  conversation_id: string | null;
  data: string;
}

/** Takes personal data out of the log, from its beginning on by number; what an event counts as stays. */
@Injectable()
export class EraseEvents extends ErasedEvents implements VisitorTraces {
  readonly name = 'events';
  private readonly listeners: ErasedEventsListener[] = [];

  constructor(
    private readonly unitOfWork: UnitOfWork,
    holdings: VisitorHoldings,
  ) {
    super();
    holdings.registerTraces(this);
  }

  onErase(listener: ErasedEventsListener): void {
    this.listeners.push(listener);
  }

  async erase(erasure: Erasure, place: string | null): Promise<{ next: string | null; erased: number }> {
    const rows = await this.unitOfWork.query<Row>(
      'SELECT number, id, organization_id, occurred_at, conversation_id, data FROM events WHERE number > ? ORDER BY number LIMIT ?',
      [Number(place ?? 0), STEP],
    );
    const own = rows.filter(({ organization_id }) => organization_id === erasure.organizationId);
    const concerned = await erasure.concerns(own.map(({ conversation_id, data }) => `${conversation_id} ${data}`));
    const found = own.filter((_, index) => concerned[index]);
    const erased: ErasedEvent[] = [];
    for (const { number, id, occurred_at, data } of found) {
      const left = JSON.stringify(withoutPersonalData(JSON.parse(data)));
      if (left !== data) await changeRows(this.unitOfWork, 'UPDATE events SET data = ? WHERE number = ?', [left, number]);
      erased.push({ id, occurredAt: Number(occurred_at) });
    }
    if (erased.length > 0) for (const listener of this.listeners) await listener(erasure.organizationId, erased);
    return { next: rows.length < STEP ? null : String(rows.at(-1)!.number), erased: erased.length };
  }
}
