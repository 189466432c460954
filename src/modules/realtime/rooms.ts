import type { EventSubject } from '../../kernel/domain-event.js';
import { visibilityOf } from '../../kernel/principal.js';
import type { DataScope, Principal } from '../../kernel/principal.js';

/** Stands for every value of a dimension; no written value begins with it. */
const ANY = '*';
const NOTHING_CONFINED: DataScope = { departments: [], channels: [], agentIds: [] };

const everyone = (organization: string): string => `${organization}/everyone`;
const named = (value: string | null): string => (value === null ? '' : JSON.stringify(value));
/** What belongs to these, each a written value or ANY. */
const at = (organization: string, department: string, channel: string, agent: string): string => `${organization}/at/${department}/${channel}/${agent}`;
/** What waits for an agent. */
const queue = (organization: string, department: string, channel: string, agent: string): string => `${organization}/queue/${department}/${channel}/${agent}`;

/** The rooms that a caller is in: together they carry just what it may see. */
export function roomsOf(principal: Principal): string[] {
  const organization = principal.organizationId;
  const visibility = visibilityOf(principal);
  const scope = visibility.within ?? NOTHING_CONFINED;
  const channels = choices(scope.channels);
  const agents = choices(scope.agentIds);
  const rooms = [everyone(organization)];
  const join = (room: typeof at, departments: Iterable<string>, ofAgents: readonly string[]): void => {
    for (const department of departments) for (const channel of channels) for (const agent of ofAgents) rooms.push(room(organization, department, channel, agent));
  };
  if (visibility.kind === 'all') join(at, choices(scope.departments), agents);
  else if (visibility.kind === 'department') join(at, allowed(visibility.department, scope.departments), agents);
  else {
    join(at, choices(scope.departments), allowed(visibility.agentId, scope.agentIds));
    const departments = new Set([...allowed(null, scope.departments), ...allowed(visibility.department, scope.departments)]);
    join(queue, departments, agents);
  }
  return rooms;
}

/** The rooms that an event goes to; a socket that is in several of them gets it once. */
export function roomsFor(organization: string, { shared, queued, department, channel, agentId }: EventSubject): string[] {
  if (shared) return [everyone(organization)];
  const rooms: string[] = [];
  for (const one of [ANY, named(channel)]) {
    for (const agent of [ANY, named(agentId)]) {
      rooms.push(at(organization, ANY, one, agent), at(organization, named(department), one, agent));
      if (queued) rooms.push(queue(organization, named(department), one, agent));
    }
  }
  return rooms;
}

function choices(values: readonly string[]): string[] {
  return values.length === 0 ? [ANY] : values.map(named);
}

function allowed(value: string | null, values: readonly string[]): string[] {
  return values.length === 0 || (value !== null && values.includes(value)) ? [named(value)] : [];
}
