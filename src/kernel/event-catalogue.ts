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
      'Fields changed, `changed` names them; also when the status became `pending`, or the conversation went back into the queue.',
  },
  'conversation.closed': { happened: 'The conversation ended; `closed_by` is the agent or API key that ended it.' },
  'conversation.reopened': { happened: 'A closed conversation is open or queued again.' },
  'message.received': { happened: 'A visitor sent a message.' },
  'message.sent': { happened: 'An agent, a bot or the system sent a message.' },
  'message.updated': { happened: 'The content or the metadata of a message was changed.' },
  'message.deleted': { happened: 'A message was recalled: it keeps its place and loses content and metadata.' },
  'agent.created': { happened: 'An agent was created.' },
  'agent.updated': { happened: 'Fields of an agent other than the status changed, `changed` names them.' },
  'agent.deleted': { happened: 'An agent was disabled; what it wrote stays.' },
  'agent.status_changed': { happened: 'The declared status of an agent changed.' },
  'visitor.created': { happened: 'A visitor was created.' },
  'visitor.updated': { happened: 'Fields of a visitor changed, `changed` names them.' },
  'callback.disabled': { happened: 'The service disabled the endpoint; `reason` is `gone` when the receiver answered 410, `failing` after five days of nothing but failures, `creator_disabled` when the agent or application that made it was disabled.' },
  'callback.exhausted': {
    happened: 'All attempts of a delivery failed and its schedule is used up; never for an event whose name begins with `callback.`.',
  },
};
