import type { EventSubject } from './domain-event.js';

export type AgentRole = 'agent' | 'supervisor' | 'admin';

/** What an application may see at the most: an empty list leaves its dimension open. */
export interface DataScope {
  departments: readonly string[];
  channels: readonly string[];
  agentIds: readonly string[];
}

export interface RateLimit {
  limit: number;
  windowSeconds: number;
}

/** What an integration's credentials are confined to. */
export interface ApplicationGrant {
  id: string;
  /** Null for all data of the organization. */
  dataScope: DataScope | null;
  /** Null for the default of the deployment. */
  rateLimit: RateLimit | null;
  /** CIDR ranges; empty for any address. */
  ipAllowlist: readonly string[];
}

/**
 * Who is calling, after authentication. Everything a caller does is confined to `organizationId`. An agent that acts
 * through an OAuth client is of kind `agent` and has an `application`: both confine it. A visitor has no scopes: it may do
 * only what is open to visitors by name.
 */
export interface Principal {
  kind: 'api_key' | 'agent' | 'oauth_client' | 'signing_key' | 'visitor';
  /** Id of the key, the agent, the client or the visitor. */
  id: string;
  organizationId: string;
  scopes: ReadonlySet<string>;
  /** Whether the organization is the operator's own: it may make further organizations. */
  operator: boolean;
  /** Set for agents. */
  agent: { role: AgentRole; department: string | null } | null;
  /** The log-in of an agent that came in by password; its access and refresh tokens end together. */
  session?: string;
  /** Null for agents that logged in, and for keys that belong to no application. */
  application: ApplicationGrant | null;
}

const RESOURCES = [
  'agents', 'conversations', 'messages', 'visitors', 'tickets', 'crm', 'statistics',
  'callbacks', 'events', 'applications', 'audit', 'dialects', 'import',
] as const;

export const ALL_SCOPES: readonly string[] = RESOURCES.flatMap((name) => [`${name}:read`, `${name}:write`]);

const DESK_SCOPES = [
  'agents:read', 'conversations:read', 'conversations:write', 'messages:read', 'messages:write', 'visitors:read', 'visitors:write', 'tickets:read', 'tickets:write', 'crm:read', 'events:read',
  'callbacks:read', 'callbacks:write',
];

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
export type Visibility = RoleVisibility & {
  /** What the caller's application confines it to on top. */
  within?: DataScope;
};

type RoleVisibility =
  | { kind: 'all' }
  | { kind: 'department'; agentId: string; department: string | null }
  | { kind: 'own'; agentId: string; department: string | null }
  | { kind: 'visitor'; visitorId: string };

/** What of a principal decides what it may see. */
export type Viewer = Pick<Principal, 'id' | 'agent' | 'application'> & { kind?: Principal['kind'] };

export function visibilityOf(viewer: Viewer): Visibility {
  const within = viewer.application?.dataScope ?? null;
  return { ...roleVisibilityOf(viewer), ...(within !== null && { within }) };
}

function roleVisibilityOf({ kind, id, agent }: Viewer): RoleVisibility {
  if (kind === 'visitor') return { kind: 'visitor', visitorId: id };
  if (agent === null || agent.role === 'admin') return { kind: 'all' };
  if (agent.role === 'supervisor') return { kind: 'department', agentId: id, department: agent.department };
  return { kind: 'own', agentId: id, department: agent.department };
}

type VisibleSubject = Pick<EventSubject, 'agentId' | 'department' | 'channel' | 'queued'> & {
  /** Without it no visitor sees the subject. */
  visitorId?: string | null;
};

/**
 * Whether an event, as it was when it happened, may be shown. What is shared and yet belongs to an agent, as a customer does to
 * its owner, is hidden from applications that are confined to other agents.
 */
export function isVisibleTo(visibility: Visibility, subject: EventSubject): boolean {
  const isShown = subject.shared && visibility.kind !== 'visitor' && (subject.agentId === null || allows(agentsWithin(visibility), subject.agentId));
  return isShown || mayBeSeen(visibility, subject);
}

/** The agents to whom the caller's application confines it; empty for all. */
export function agentsWithin({ within }: Visibility): readonly string[] {
  return within?.agentIds ?? [];
}

/** Whether a conversation, or what belongs to it, may be seen. */
export function mayBeSeen(visibility: Visibility, subject: VisibleSubject): boolean {
  return isWithin(visibility.within, subject) && isVisibleToRole(visibility, subject);
}

function isWithin(scope: DataScope | undefined, { department, channel, agentId }: VisibleSubject): boolean {
  return scope === undefined || (allows(scope.departments, department) && allows(scope.channels, channel) && allows(scope.agentIds, agentId));
}

function allows(values: readonly string[], value: string | null): boolean {
  return values.length === 0 || (value !== null && values.includes(value));
}

function isVisibleToRole(visibility: RoleVisibility, subject: VisibleSubject): boolean {
  if (visibility.kind === 'all') return true;
  if (visibility.kind === 'visitor') return subject.visitorId === visibility.visitorId;
  if (subject.agentId === visibility.agentId) return true;
  if (visibility.kind === 'department') return subject.department === visibility.department;
  return subject.queued && (subject.department === null || subject.department === visibility.department);
}
