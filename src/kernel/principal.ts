import type { EventSubject } from './domain-event.js';

export type AgentRole = 'agent' | 'supervisor' | 'admin';

/** Who is calling, after authentication. Everything a caller does is confined to `organizationId`. */
export interface Principal {
  kind: 'api_key' | 'agent';
  /** Id of the key or of the agent. */
  id: string;
  organizationId: string;
  scopes: ReadonlySet<string>;
  /** Whether the organization is the operator's own: it may make further organizations. */
  operator: boolean;
  /** Set for agents. */
  agent: { role: AgentRole; department: string | null } | null;
}

const RESOURCES = [
  'agents', 'conversations', 'messages', 'visitors', 'tickets', 'crm', 'statistics',
  'callbacks', 'events', 'applications', 'audit', 'dialects', 'import',
] as const;

export const ALL_SCOPES: readonly string[] = RESOURCES.flatMap((name) => [`${name}:read`, `${name}:write`]);

const DESK_SCOPES = ['agents:read', 'conversations:read', 'conversations:write', 'messages:read', 'messages:write', 'visitors:read', 'visitors:write', 'tickets:read', 'tickets:write', 'crm:read', 'events:read'];

/** What an agent's role lets it do; what it may see is `Visibility`. */
export function scopesOfRole(role: AgentRole): ReadonlySet<string> {
  if (role === 'admin') return new Set(['*']);
  if (role === 'supervisor') return new Set([...DESK_SCOPES, 'crm:write', 'statistics:read']);
  return new Set(DESK_SCOPES);
}

export function hasScope(principal: Principal, scope: string): boolean {
  return principal.scopes.has('*') || principal.scopes.has(scope);
}

/** Data permission: which conversations, messages and events a caller may see within its organization. */
export type Visibility =
  | { kind: 'all' }
  | { kind: 'department'; department: string | null }
  | { kind: 'own'; agentId: string; department: string | null };

export function visibilityOf(principal: Principal): Visibility {
  const agent = principal.agent;
  if (agent === null || agent.role === 'admin') return { kind: 'all' };
  if (agent.role === 'supervisor') return { kind: 'department', department: agent.department };
  return { kind: 'own', agentId: principal.id, department: agent.department };
}

/** Whether an event, as it was when it happened, may be shown. */
export function isVisibleTo(visibility: Visibility, subject: EventSubject): boolean {
  if (visibility.kind === 'all' || subject.shared) return true;
  if (visibility.kind === 'department') return subject.department === visibility.department;
  if (subject.agentId === visibility.agentId) return true;
  return subject.queued && (subject.department === null || subject.department === visibility.department);
}
