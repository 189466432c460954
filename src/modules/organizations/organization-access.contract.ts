import { DomainError, notFound } from '../../kernel/domain-error.js';
import type { Principal } from '../../kernel/principal.js';
import type { Organization } from './organizations.contract.js';

/** Everyone sees its own organization, the operator all. */
export function assertSeesOrganization(principal: Principal, id: string): void {
  if (!principal.operator && principal.organizationId !== id) throw notFound('organization', id);
}

export function assertIsOperator(principal: Principal): void {
  if (!principal.operator) throw new DomainError('forbidden', 'organization.operator_only', 'Only the operator may do this.');
}

/** The operator, and in its own organization an admin and a key with all scopes; what an application confines is neither. */
export function assertAdministers(principal: Principal, id: string): void {
  assertSeesOrganization(principal, id);
  if (principal.operator || (principal.application === null && principal.scopes.has('*'))) return;
  throw new DomainError('forbidden', 'organization.administrators_only', 'Only an admin and keys of the organization itself with all scopes may do this.');
}

export function assertOpen({ closed_at }: Organization): void {
  if (closed_at !== null) throw organizationClosed();
}

export function organizationClosed(): DomainError {
  return new DomainError('conflict', 'organization.closed', 'The organization is closed.');
}
