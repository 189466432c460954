import { toInstant } from '../../kernel/clock.js';
import { ENDED } from './domain/ticket-status.js';
import type { TicketChangeView, TicketCommentView } from './ticket-log.dto.js';
import type { TicketChangeEntity, TicketCommentEntity } from './ticket-log.entity.js';
import { NEVER_DUE } from './ticket.entity.js';
import type { TicketEntity } from './ticket.entity.js';
import type { TicketView } from './tickets.view.dto.js';

export function toTicketView(ticket: TicketEntity, now: number): TicketView {
  return {
    id: ticket.id,
    ticket_id: ticket.external_id,
    title: ticket.title,
    content: ticket.content,
    priority: ticket.priority,
    category: ticket.category,
    status: ticket.status,
    handler: ticket.handler,
    agent_id: ticket.agent_id,
    department: ticket.department,
    conversation_id: ticket.conversation_id,
    visitor_id: ticket.visitor_id,
    customer_id: ticket.customer_id,
    due_at: ticket.due_at === NEVER_DUE ? null : toInstant(ticket.due_at),
    overdue: ticket.due_at < now && !ENDED.includes(ticket.status),
    tags: ticket.tags,
    update_time: toInstant(ticket.status_at),
    created_at: toInstant(ticket.created_at),
    updated_at: toInstant(ticket.updated_at),
  };
}

export function toCommentView(comment: TicketCommentEntity): TicketCommentView {
  return {
    id: comment.id,
    content: comment.content,
    author: { type: comment.author_type, id: comment.author_id, name: comment.author_name },
    created_at: toInstant(comment.created_at),
  };
}

export function toChangeView(change: TicketChangeEntity): TicketChangeView {
  return {
    id: change.id,
    field: change.field,
    from: change.old_value as TicketChangeView['from'],
    to: change.new_value as TicketChangeView['to'],
    by: change.changed_by,
    application_id: change.application_id,
    at: toInstant(change.created_at),
  };
}
