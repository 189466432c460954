import { Injectable } from '@nestjs/common';
import { toInstant } from '../../../kernel/clock.js';
import { FormatRegistry } from '../formats/format-registry.js';
import type { EndpointEntity } from './endpoint.entity.js';
import type { EndpointView } from './endpoints.view.dto.js';
import { EndpointOpener } from './open-endpoint.js';

/** Shows endpoints to those who manage them, without anything that is a credential. */
@Injectable()
export class EndpointViews {
  constructor(
    private readonly opener: EndpointOpener,
    private readonly formats: FormatRegistry,
  ) {}

  of(endpoint: EndpointEntity): EndpointView {
    const hidden = this.formats.find(endpoint.format)?.secretOptions ?? [];
    return {
      id: endpoint.id,
      url: endpoint.url,
      events: endpoint.events,
      format: endpoint.format,
      format_options: Object.fromEntries(Object.entries(this.opener.optionsOf(endpoint)).filter(([name]) => !hidden.includes(name))),
      signing: endpoint.signing,
      public_key: endpoint.public_key,
      header_names: Object.keys(this.opener.headersOf(endpoint)),
      timeout_ms: endpoint.timeout_ms,
      retry: { schedule_seconds: endpoint.schedule_seconds },
      batch: endpoint.batch,
      ordering: endpoint.ordering,
      rate_limit: endpoint.rate_limit,
      filter: endpoint.filter,
      enabled: endpoint.enabled,
      disabled_reason: endpoint.disabled_reason,
      description: endpoint.description,
      created_at: toInstant(endpoint.created_at),
      updated_at: toInstant(endpoint.updated_at),
    };
  }
}
