import { toInstant } from '../../../kernel/clock.js';
import type { ApplicationEntity } from './application.entity.js';
import type { ApplicationView } from './applications.dto.js';

export function toApplicationView(application: ApplicationEntity): ApplicationView {
  return {
    id: application.id,
    name: application.name,
    scopes: application.scopes,
    ip_allowlist: application.ip_allowlist,
    rate_limit: application.rate_limit,
    data_scope: application.data_scope,
    enabled: application.enabled,
    created_at: toInstant(application.created_at),
    updated_at: toInstant(application.updated_at),
  };
}
