import type { Principal } from '../../kernel/principal.js';

/**
 * Customers belong to the whole organization: every agent may see them. An application whose `data_scope` names agents
 * sees those that these look after, and those that nobody does; departments and channels say nothing of a customer.
 * Empty for all.
 */
export function ownersSeenBy(principal: Principal): readonly string[] {
  return principal.application?.dataScope?.agentIds ?? [];
}

export function isOwnerSeen(owners: readonly string[], ownerAgentId: string | null): boolean {
  return owners.length === 0 || ownerAgentId === null || owners.includes(ownerAgentId);
}
