import type { EventType } from './domain-event.js';

export interface EventDescription {
  /** One sentence for receivers: what has happened. */
  happened: string;
  /** Members of `data` that only some occurrences have. */
  optional?: readonly string[];
}

/** What each event tells, for docs/events.md; its examples are recorded from the running service. */
export const EVENT_CATALOGUE: Record<EventType, EventDescription> = {
  'conversation.created': {
    happened: 'A conversation began; `agent_id` is null when it waits in the queue.',
  },
  'conversation.assigned': {
    happened: 'The conversation was given to an agent: as it began, out of the queue, or by a change.',
    optional: ['previous_status'],
  },
  'conversation.updated': {
    happened:
      'Fields changed, `changed` names them; also when the status became `pending`, when the agent accepted it, or when the conversation went back into the queue: then `reason` may be `timed_out`, `agent_away` or `agent_disabled`.',
    optional: ['reason'],
  },
  'conversation.closed': { happened: 'The conversation ended; `closed_by` is the agent or API key that ended it, or `system` with the `closed_reason` `inactivity`.' },
  'conversation.reopened': { happened: 'A closed conversation is open or queued again.' },
  'conversation.transferred': {
    happened: 'The conversation was handed on, to an agent or to a department, in which case it is `queued`; `conversation.assigned` follows when an agent has it.',
  },
  'conversation.rated': { happened: 'The visitor rated the conversation, for the first time or anew; `previous_rating` is the score before.' },
  'message.received': { happened: 'A visitor sent a message.' },
  'message.sent': { happened: 'An agent, a bot or the system sent a message.' },
  'message.updated': { happened: 'The content or the metadata of a message was changed.' },
  'message.deleted': { happened: 'A message was recalled: it keeps its place and loses content and metadata.' },
  'message.delivered': { happened: 'What one side of a conversation had written arrived on the other one, up to `up_to_seq`.' },
  'message.read': { happened: 'What one side of a conversation had written was read on the other one, up to `up_to_seq`.' },
  'agent.created': { happened: 'An agent was created.' },
  'agent.updated': { happened: 'Fields of an agent other than the status changed, `changed` names them.' },
  'agent.deleted': { happened: 'An agent was disabled; what it wrote stays.' },
  'agent.status_changed': { happened: 'The declared status of an agent changed.' },
  'visitor.created': { happened: 'A visitor was created.' },
  'visitor.updated': { happened: 'Fields of a visitor changed, `changed` names them.' },
  'visitor.online': { happened: 'A visitor opened its first connection.' },
  'visitor.offline': { happened: 'The last connection of a visitor ended, or its process died a minute ago.' },
  'visitor.merged': {
    happened: 'A visitor took over another one, `merged_visitor`, whose id finds it from now on; `merged_visitor` is as it was before.',
  },
  'visitor.deleted': { happened: 'A visitor was deleted. What is stored about it is being erased; whoever keeps a copy should erase it too.' },
  'visitor.tracked': { happened: 'A visitor looked at a page, `at` says when.' },
  'ticket.created': {
    happened: 'A ticket was made. `origin` is here as in all events of tickets the application that did it: its own endpoints are not told.',
  },
  'ticket.updated': {
    happened: 'Fields of a ticket other than the status changed, `changed` names them; it names `comments` where a message was recalled that was a comment, and `comment` is that without its content.',
  },
  'ticket.status_changed': {
    happened: 'The status of a ticket changed, and perhaps the handler with it. `update_time` is when it was written, by the clock of who wrote it.',
  },
  'ticket.commented': { happened: 'Somebody added a comment to a ticket.' },
  'ticket.deleted': { happened: 'A ticket was deleted, with its comments and its history.' },
  'customer.created': { happened: 'A customer of an outside system was stored for the first time.' },
  'customer.updated': { happened: 'Fields of a customer changed, `changed` names them.' },
  'customer.deleted': { happened: 'A customer was deleted; its orders stay.' },
  'order.created': { happened: 'An order of an outside system was stored for the first time; its customer may not be known yet.' },
  'order.updated': { happened: 'Fields of an order changed, `changed` names them.' },
  'order.deleted': { happened: 'An order was deleted.' },
  'callback.disabled': { happened: 'The service disabled the endpoint; `reason` is `gone` when the receiver answered 410, `failing` after five days of nothing but failures, `creator_disabled` when the agent or application that made it was disabled.' },
  'callback.exhausted': {
    happened: 'A delivery has failed and is not tried again: its schedule is used up, the name in its URL leads to an internal address, or its request cannot be sent at all; never for an event whose name begins with `callback.`.',
  },
};
