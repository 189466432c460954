import { newId } from '../../kernel/ids.js';
import { NEVER_DUE } from './ticket.entity.js';
import type { TicketEntity } from './ticket.entity.js';

type Given = Pick<TicketEntity, 'organization_id' | 'title'> & Partial<TicketEntity>;

/** A ticket of which only this is known. */
export function newTicket(given: Given, now: number): TicketEntity {
  const id = given.id ?? newId('ticket');
  return {
    external_id: id,
    content: null,
    priority: 'normal',
    category: null,
    status: 'open',
    handler: null,
    agent_id: null,
    department: null,
    channel: null,
    conversation_id: null,
    visitor_id: null,
    customer_id: null,
    due_at: NEVER_DUE,
    tags: [],
    status_at: null,
    status_written: [],
    leave_message_of: null,
    created_at: now,
    updated_at: now,
    ...given,
    id,
  };
}

/** Unix milliseconds, for the column. */
export function dueAt(instant: string | null | undefined): number {
  return instant === null || instant === undefined ? NEVER_DUE : Date.parse(instant);
}
