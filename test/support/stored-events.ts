import { newId } from '../../src/kernel/ids.js';
import { addRows } from '../../src/platform/database/rows.js';
import type { UnitOfWork } from '../../src/platform/database/unit-of-work.js';

const COLUMNS = ['id', 'organization_id', 'type', 'occurred_at', 'data', 'queued', 'shared'] as const;

/** Puts events into the log as they would be there after their commit, for which nothing was planned. Answers their ids. */
export async function storeEvents(unitOfWork: UnitOfWork, organizationId: string, instants: readonly number[], type = 'visitor.created'): Promise<string[]> {
  const ids = instants.map(() => newId('event'));
  const rows = instants.map((at, index) => [ids[index], organizationId, type, at, JSON.stringify({ visitor_id: newId('visitor') }), 0, 1]);
  await unitOfWork.run(() => addRows(unitOfWork, 'events', COLUMNS, rows));
  return ids;
}
