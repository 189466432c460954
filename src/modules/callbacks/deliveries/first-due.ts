import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';

/** Endpoints that one statement looks at. */
const AT_A_TIME = 100;
/** For one endpoint at a time: asked for those of another table MariaDB begins before what is due, and reads all that is not. */
const FIRST = 'SELECT ? AS id, MIN(due_at) AS due_at FROM callback_deliveries WHERE callback_id = ? AND due_at > 0';

/** When the first of what is outstanding at an endpoint is due: one step of the index for each, however much it has been sent. */
@Injectable()
export class FirstDue {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** By endpoint; those with nothing outstanding are left out. */
  async of(callbackIds: readonly string[]): Promise<Map<string, number>> {
    const found = new Map<string, number>();
    for (let start = 0; start < callbackIds.length; start += AT_A_TIME) {
      const ids = callbackIds.slice(start, start + AT_A_TIME);
      const rows = await this.unitOfWork.query<{ id: string; due_at: number | null }>(ids.map(() => FIRST).join(' UNION ALL '), ids.flatMap((id) => [id, id]));
      for (const { id, due_at } of rows) if (due_at !== null) found.set(id, Number(due_at));
    }
    return found;
  }
}
