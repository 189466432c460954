import { toInstant } from '../../../kernel/clock.js';
import type { EndpointEntity } from './endpoint.entity.js';
import type { EndpointView } from './endpoints.dto.js';

export function toEndpointView(endpoint: Omit<EndpointEntity, 'visibility'>, headerNames: string[]): EndpointView {
  return {
    id: endpoint.id,
    url: endpoint.url,
    events: endpoint.events,
    format: endpoint.format,
    header_names: headerNames,
    timeout_ms: endpoint.timeout_ms,
    retry: { schedule_seconds: endpoint.schedule_seconds },
    filter: endpoint.filter,
    enabled: endpoint.enabled,
    disabled_reason: endpoint.disabled_reason,
    description: endpoint.description,
    created_at: toInstant(endpoint.created_at),
    updated_at: toInstant(endpoint.updated_at),
  };
}
