import type { Principal } from '../../kernel/principal.js';

/** Old and new value of each field that changed; of a secret only that it did. */
export type AuditChanges = Record<string, { old: unknown; new: unknown } | 'changed'>;

export interface AuditEntry {
  organizationId: string;
  /** Who did it; `system` for the service itself, `anonymous` for somebody who did not get in. */
  actor: Pick<Principal, 'kind' | 'id' | 'application'> | 'system' | 'anonymous';
  /** What was done, as the kind of thing and a verb: `agent.updated`, `auth.login_failed`. */
  action: string;
  /** What it was done to; `id` is null where there is no such thing. */
  target: { type: string; id: string | null };
  changes?: AuditChanges;
  /** What else a reader has to know; never a secret. */
  details?: Record<string, unknown>;
}

/**
 * The record of who changed what. Nobody changes or deletes an entry through the API. Address, user agent and request
 * id are those of the request in which it is called, where the route is `@Audited()`.
 */
export abstract class AuditTrail {
  /** Part of the open unit of work, so that a change and its entry exist together; otherwise a unit of its own. */
  abstract record(entry: AuditEntry): Promise<void>;
}

/**
 * Records what is done to an organization where those who did it look, and where those look whose organization it is: the
 * operator's key is named to the operator alone.
 */
export async function recordForBoth(trail: AuditTrail, organizationId: string, actor: Principal, entry: Omit<AuditEntry, 'organizationId' | 'actor'>): Promise<void> {
  await trail.record({ ...entry, organizationId: actor.organizationId, actor });
  if (actor.organizationId === organizationId) return;
  await trail.record({ ...entry, organizationId, actor: 'system', details: { ...entry.details, by: 'operator' } });
}

/** What differs between two views of a thing; without `before`, all that `after` holds. */
export function changesBetween<T extends object>(before: T | null, after: T, fields: readonly (keyof T & string)[]): AuditChanges {
  const changed = fields.filter((field) => JSON.stringify(before?.[field] ?? null) !== JSON.stringify(after[field] ?? null));
  return Object.fromEntries(changed.map((field) => [field, { old: before?.[field] ?? null, new: after[field] ?? null }]));
}
