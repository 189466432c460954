import { DomainError } from '../../../kernel/domain-error.js';
import { hasScope, visibilityOf } from '../../../kernel/principal.js';
import type { DataScope, Principal } from '../../../kernel/principal.js';

/** What a credential may do that has these scopes and belongs to an application with those. */
export function scopesWithin(own: Iterable<string>, application: ReadonlySet<string>): Set<string> {
  const scopes = new Set(own);
  if (scopes.has('*')) return new Set(application);
  return application.has('*') ? scopes : new Set([...scopes].filter((scope) => application.has(scope)));
}

/** Nobody gives away what it has not: for whoever widens an application, or is shown a credential of one. */
export function assertHolds(principal: Principal, scopes: Iterable<string>): void {
  const lacking = [...scopes].filter((scope) => !hasScope(principal, scope));
  if (lacking.length === 0) return;
  throw new DomainError('forbidden', 'application.scope_not_held', `Only who holds them can give these scopes: ${lacking.join(', ')}.`);
}

/** For whoever changes an application or its credentials: it must see all data that the application sees. */
export function assertSees(principal: Principal, dataScope: DataScope | null): void {
  const { kind, within } = visibilityOf(principal);
  if (kind === 'all' && (within === undefined || isWithin(within, dataScope ?? { departments: [], channels: [], agentIds: [] }))) return;
  throw new DomainError('forbidden', 'application.data_scope_exceeded', 'The application sees more data than this credential does.');
}

function isWithin(outer: DataScope, inner: DataScope): boolean {
  return covers(outer.departments, inner.departments) && covers(outer.channels, inner.channels) && covers(outer.agentIds, inner.agentIds);
}

/** An empty list stands for all values. */
function covers(outer: readonly string[], inner: readonly string[]): boolean {
  return outer.length === 0 || (inner.length > 0 && inner.every((value) => outer.includes(value)));
}
