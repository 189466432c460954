import { DomainError } from '../../kernel/domain-error.js';
import { hasScope, scopesOfRole, visibilityOf } from '../../kernel/principal.js';
import type { Principal } from '../../kernel/principal.js';
import type { AgentEntity } from './agent.entity.js';

/** What decides whether somebody gets in as an agent, and what that one may do and see. */
const DECISIVE = ['password_hash', 'role', 'department', 'enabled'] as const;

/**
 * Nobody gives away what it has not: who gives an agent a log-in, or more to one that has a log-in, could use it itself.
 * So it must hold the scopes of the role and see all data. To take away, or to keep agents without passwords, needs no
 * more than `agents:write`.
 */
export function assertMayGiveLogIn(principal: Principal, before: AgentEntity | null, after: AgentEntity): void {
  if (after.password_hash === null || !after.enabled) return;
  if (before !== null && DECISIVE.every((field) => before[field] === after[field])) return;
  const lacking = [...scopesOfRole(after.role)].filter((scope) => !hasScope(principal, scope));
  if (lacking.length > 0) {
    throw new DomainError('forbidden', 'agent.scope_not_held', `Only who holds these scopes can give an agent of this role a log-in: ${lacking.join(', ')}.`);
  }
  if (!seesAll(principal)) throw new DomainError('forbidden', 'agent.data_scope_exceeded', 'The agent would see more data than this credential does.');
}

function seesAll(principal: Principal): boolean {
  const { kind, within } = visibilityOf(principal);
  return kind === 'all' && (within === undefined || [within.departments, within.channels, within.agentIds].every((values) => values.length === 0));
}
