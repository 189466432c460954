import { SHARED_SUBJECT } from '../../../kernel/domain-event.js';
import type { EventSubject } from '../../../kernel/domain-event.js';
import type { DataScope, Principal } from '../../../kernel/principal.js';
import type { EndpointEntity } from './endpoint.entity.js';

/** Who made an endpoint; both null for a key that belongs to no application. */
export type Creator = Pick<EndpointEntity, 'agent_id' | 'application_id'>;

export function creatorOf(principal: Principal): Creator {
  return { agent_id: principal.kind === 'agent' ? principal.id : null, application_id: principal.application?.id ?? null };
}

/** Which endpoints a caller manages: who sees all data manages all of them, everyone else what they made themselves. */
export function managedBy({ id, agent, application }: Principal): Partial<Creator> {
  return {
    ...(agent !== null && agent.role !== 'admin' && { agent_id: id }),
    ...(application !== null && confines(application.dataScope) && { application_id: application.id }),
  };
}

function confines(scope: DataScope | null): boolean {
  return scope !== null && (scope.departments.length > 0 || scope.channels.length > 0 || scope.agentIds.length > 0);
}

/** No department has this name: supervisors see what belongs to theirs, and to none when they have none. */
const NO_ONES_DEPARTMENT = '';

/** Events about an endpoint are for who made it and for those who see all: its URL may hold a receiver's credential. */
export function subjectOf(creator: Creator): EventSubject {
  return { ...SHARED_SUBJECT, shared: false, agentId: creator.agent_id, department: NO_ONES_DEPARTMENT };
}
