import type { DomainEvent, EventSubject } from '../../../kernel/domain-event.js';
import { matchesPattern } from '../../../kernel/event-pattern.js';
import { isVisibleTo } from '../../../kernel/principal.js';
import type { EndpointEntity, EndpointFilter } from '../endpoints/endpoint.entity.js';

/** Whether an endpoint is told of an event. The event's subject is as it was when it happened. */
export function concerns(endpoint: Pick<EndpointEntity, 'id' | 'events' | 'filter' | 'visibility' | 'application_id'>, event: Pick<DomainEvent, 'type' | 'data' | 'subject'>): boolean {
  return (
    matchesPattern(endpoint.events, event.type) &&
    event.data['callback_id'] !== endpoint.id &&
    !isEcho(endpoint, event) &&
    passesFilter(endpoint.filter, event.subject) &&
    isVisibleTo(endpoint.visibility, event.subject)
  );
}

/** What an application did itself is not told to its own endpoints: both systems would hand it to and fro (ADR 0025). */
function isEcho({ application_id }: Pick<EndpointEntity, 'application_id'>, { data }: Pick<DomainEvent, 'data'>): boolean {
  return application_id !== null && data['origin'] === application_id;
}

function passesFilter({ departments, channels }: EndpointFilter, { department, channel }: EventSubject): boolean {
  return (
    (departments.length === 0 || (department !== null && departments.includes(department))) &&
    (channels.length === 0 || (channel !== null && channels.includes(channel)))
  );
}
