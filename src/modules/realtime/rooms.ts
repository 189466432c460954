import type { EventSubject } from '../../kernel/domain-event.js';
import { agentsWithin, visibilityOf } from '../../kernel/principal.js';
import type { DataScope, Principal } from '../../kernel/principal.js';

/** Stands for every value of a dimension; no written value begins with it. */
const ANY = '*';
const NOTHING_CONFINED: DataScope = { departments: [], channels: [], agentIds: [] };

/** What is shared and belongs to this agent, a written value or ANY. */
const everyone = (organization: string, agent: string): string => `${organization}/everyone/${agent}`;
const named = (value: string | null): string => (value === null ? '' : JSON.stringify(value));
/** What belongs to these, each a written value or ANY. */
const at = (organization: string, department: string, channel: string, agent: string): string => `${organization}/at/${department}/${channel}/${agent}`;
/** What waits for an agent. */
const queue = (organization: string, department: string, channel: string, agent: string): string => `${organization}/queue/${department}/${channel}/${agent}`;

/** Where a visitor is told of its own conversations, in the words that are for visitors. */
export const visitorRoom = (organization: string, visitorId: string): string => `${organization}/visitor/${visitorId}`;

/** The rooms that a caller is in: together they carry just what it may see. */
export function roomsOf(principal: Principal): string[] {
  const organization = principal.organizationId;
  const visibility = visibilityOf(principal);
  const scope = visibility.within ?? NOTHING_CONFINED;
  const channels = choices(scope.channels);
  const agents = choices(scope.agentIds);
  if (visibility.kind === 'visitor') return [visitorRoom(organization, visibility.visitorId)];
  const owners = agentsWithin(visibility);
  const rooms = (owners.length === 0 ? [ANY] : [null, ...owners].map(named)).map((owner) => everyone(organization, owner));
  const join = (room: typeof at, departments: Iterable<string>, ofAgents: readonly string[]): void => {
    for (const department of departments) for (const channel of channels) for (const agent of ofAgents) rooms.push(room(organization, department, channel, agent));
  };
  if (visibility.kind === 'all') join(at, choices(scope.departments), agents);
  else {
    join(at, choices(scope.departments), allowed(visibility.agentId, scope.agentIds));
    const department = allowed(visibility.department, scope.departments);
    if (visibility.kind === 'department') join(at, department, agents);
    else join(queue, new Set([...allowed(null, scope.departments), ...department]), agents);
  }
  return rooms;
}

/** The rooms that an event goes to; a socket that is in several of them gets it once. */
export function roomsFor(organization: string, { shared, queued, department, channel, agentId }: EventSubject): string[] {
  if (shared) return [ANY, named(agentId)].map((owner) => everyone(organization, owner));
  const rooms: string[] = [];
  for (const one of [ANY, named(channel)]) {
    for (const agent of [ANY, named(agentId)]) {
      rooms.push(at(organization, ANY, one, agent), at(organization, named(department), one, agent));
      if (queued) rooms.push(queue(organization, named(department), one, agent));
    }
  }
  return rooms;
}

/** The rooms of one conversation, for a caller who wants to be told of it: they carry of it what the caller may see. */
export function conversationRoomsOf(principal: Principal, conversationId: string): string[] {
  return roomsOf(principal).map((room) => `${conversationId}!${room}`);
}

/** To which of them an event goes, beside `roomsFor`. */
export function conversationRoomsFor(organization: string, subject: EventSubject): string[] {
  const { conversationId, shared } = subject;
  return conversationId === null || shared ? [] : roomsFor(organization, subject).map((room) => `${conversationId}!${room}`);
}

/** The conversation whose room it is; undefined for all others, which begin with an organization's id. */
export function conversationOf(room: string): string | undefined {
  return /^(cnv_[0-9a-z]{26})!/.exec(room)?.[1];
}

export function conversationsIn(rooms: Iterable<string>): string[] {
  return [...new Set([...rooms].map(conversationOf))].filter((id) => id !== undefined);
}

function choices(values: readonly string[]): string[] {
  return values.length === 0 ? [ANY] : values.map(named);
}

function allowed(value: string | null, values: readonly string[]): string[] {
  return values.length === 0 || (value !== null && values.includes(value)) ? [named(value)] : [];
}
