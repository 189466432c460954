import { DomainError } from '../../../kernel/domain-error.js';
import type { Principal } from '../../../kernel/principal.js';

/** The log-in that is calling; keys and clients have none. */
export function sessionOf(principal: Principal): string {
  if (principal.kind !== 'agent' || principal.session === undefined) {
    throw new DomainError('forbidden', 'auth.login_required', 'This is for agents that logged in by password.');
  }
  return principal.session;
}
