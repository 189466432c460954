import { isIPv4 } from 'node:net';
import type { ApplicationState } from '../applications.contract.js';
import type { ApplicationEntity } from './application.entity.js';

export function toState(row: ApplicationEntity): ApplicationState {
  const { id, rate_limit, data_scope } = row;
  return {
    id,
    organizationId: row.organization_id,
    name: row.name,
    scopes: new Set(row.scopes),
    enabled: row.enabled,
    grant: {
      id,
      dataScope: data_scope === null ? null : { departments: data_scope.departments, channels: data_scope.channels, agentIds: data_scope.agent_ids },
      rateLimit: rate_limit === null ? null : { limit: rate_limit.limit, windowSeconds: rate_limit.window_seconds },
      ipAllowlist: row.ip_allowlist.map(toRange),
    },
  };
}

/** An address alone is the range that holds nothing else. */
function toRange(written: string): string {
  if (written.includes('/')) return written;
  return `${written}/${isIPv4(written) ? 32 : 128}`;
}
