import type { Principal } from '../../../kernel/principal.js';

/** For whom a text is: all of the organization, a department, one agent. */
export const REPLY_SCOPES = ['organization', 'department', 'agent'] as const;
export type ReplyScope = (typeof REPLY_SCOPES)[number];

export interface OwnedReply {
  scope: ReplyScope;
  department: string | null;
  agent_id: string | null;
}

/** Agents see what is for all, for their department and their own; admins and applications all that their data scope leaves. */
export function maySee(principal: Principal, reply: OwnedReply): boolean {
  if (reply.scope === 'organization') return true;
  const { departments, agentIds } = confinementOf(principal);
  if (reply.scope === 'department') return isOwnDepartment(principal, reply) && (departments.length === 0 || departments.includes(reply.department!));
  return isOwnText(principal, reply) && (agentIds.length === 0 ? departments.length === 0 : agentIds.includes(reply.agent_id!));
}

/** Agents write their own, supervisors their department's too, admins and applications what they see; what is for all nobody who is confined. */
export function mayWrite(principal: Principal, reply: OwnedReply): boolean {
  if (!maySee(principal, reply)) return false;
  const role = principal.agent?.role ?? 'admin';
  if (reply.scope === 'agent') return true;
  if (reply.scope === 'department') return role !== 'agent';
  const { departments, agentIds } = confinementOf(principal);
  return role === 'admin' && departments.length === 0 && agentIds.length === 0;
}

/** Whether the caller sees what belongs to others of the organization. */
export function seesAll({ agent }: Principal): boolean {
  return agent === null || agent.role === 'admin';
}

export function confinementOf({ application }: Principal): { departments: readonly string[]; agentIds: readonly string[] } {
  return application?.dataScope ?? { departments: [], agentIds: [] };
}

function isOwnDepartment(principal: Principal, { department }: OwnedReply): boolean {
  return seesAll(principal) || (department !== null && principal.agent!.department === department);
}

function isOwnText(principal: Principal, { agent_id }: OwnedReply): boolean {
  return seesAll(principal) || agent_id === principal.id;
}
