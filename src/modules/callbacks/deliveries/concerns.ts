import type { DomainEvent, EventSubject } from '../../../kernel/domain-event.js';
import { isVisibleTo } from '../../../kernel/principal.js';
import type { EndpointEntity, EndpointFilter } from '../endpoints/endpoint.entity.js';
import { matchesPattern } from '../endpoints/event-pattern.js';

/** Whether an endpoint is told of an event. The event's subject is as it was when it happened. */
export function concerns(endpoint: Pick<EndpointEntity, 'id' | 'events' | 'filter' | 'visibility'>, event: Pick<DomainEvent, 'type' | 'data' | 'subject'>): boolean {
  return (
    matchesPattern(endpoint.events, event.type) &&
    event.data['callback_id'] !== endpoint.id &&
    passesFilter(endpoint.filter, event.subject) &&
    isVisibleTo(endpoint.visibility, event.subject)
  );
}

function passesFilter({ departments, channels }: EndpointFilter, { department, channel }: EventSubject): boolean {
  return (
    (departments.length === 0 || (department !== null && departments.includes(department))) &&
    (channels.length === 0 || (channel !== null && channels.includes(channel)))
  );
}
