import type { EventSubject } from '../../kernel/domain-event.js';
import { visibilityOf } from '../../kernel/principal.js';
import type { Principal } from '../../kernel/principal.js';

const everyone = (organization: string): string => `${organization}/everyone`;
const seesAll = (organization: string): string => `${organization}/all`;
const ofDepartment = (organization: string, department: string | null): string =>
  department === null ? `${organization}/no-department` : `${organization}/department/${department}`;
const ofAgent = (organization: string, agentId: string): string => `${organization}/agent/${agentId}`;
const queueOf = (organization: string, department: string | null): string =>
  department === null ? `${organization}/queue` : `${organization}/queue/${department}`;

/** The rooms that a caller is in: together they carry just what it may see. */
export function roomsOf(principal: Principal): string[] {
  const organization = principal.organizationId;
  const visibility = visibilityOf(principal);
  const rooms = [everyone(organization)];
  if (visibility.kind === 'all') return [...rooms, seesAll(organization)];
  if (visibility.kind === 'department') return [...rooms, ofDepartment(organization, visibility.department)];
  rooms.push(ofAgent(organization, visibility.agentId), queueOf(organization, null));
  if (visibility.department !== null) rooms.push(queueOf(organization, visibility.department));
  return rooms;
}

/** The rooms that an event goes to; a socket that is in several of them gets it once. */
export function roomsFor(organization: string, subject: EventSubject): string[] {
  if (subject.shared) return [everyone(organization)];
  const rooms = [seesAll(organization), ofDepartment(organization, subject.department)];
  if (subject.agentId !== null) rooms.push(ofAgent(organization, subject.agentId));
  if (subject.queued) rooms.push(queueOf(organization, subject.department));
  return rooms;
}
