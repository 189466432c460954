import { newId } from '../../src/kernel/ids.js';
import { addRows } from '../../src/platform/database/rows.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import type { CallbackDesk } from './callback-desk.js';
import { created, eventsAfter } from './desk.js';
import type { Resource } from './desk.js';

const COLUMNS = ['id', 'organization_id', 'callback_id', 'event_id', 'event', 'status', 'due_at', 'created_at', 'conversation_id', 'event_number'];

/** So many deliveries of one event that are due now, in the order of so many conversations if any; whoever is to send them has yet to be woken. */
export async function addBacklog(desk: CallbackDesk, endpoint: Resource, count: number, conversations = 0): Promise<void> {
  await created(desk.api.post('/visitors', {}));
  const event = (await eventsAfter(desk.api, 0)).find(({ event }) => event === 'visitor.created')!;
  const now = desk.clock.now();
  const rows = Array.from({ length: count }, (_, index) => {
    const place = conversations === 0 ? [null, null] : [`cnv_${index % conversations}`, index + 1];
    return [newId('delivery'), desk.organization.id, endpoint.id, event.id, event.event, 'pending', now, now, ...place];
  });
  const unitOfWork = desk.cluster.a.app.get(UnitOfWork);
  await unitOfWork.run(() => addRows(unitOfWork, 'callback_deliveries', COLUMNS, rows));
}
