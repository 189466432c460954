import { Injectable } from '@nestjs/common';
import { Clock, toInstant } from '../../../kernel/clock.js';
import type { Principal } from '../../../kernel/principal.js';
import { Config } from '../../../platform/config/config.js';
import type { CrmSyncView } from './crm-sync.dto.js';
import { CrmSyncService } from './crm-sync.service.js';

@Injectable()
export class ShowCrmSync {
  constructor(
    private readonly syncs: CrmSyncService,
    private readonly config: Config,
    private readonly clock: Clock,
  ) {}

  async show({ organizationId }: Principal): Promise<CrmSyncView> {
    const sync = await this.syncs.stateOf(organizationId);
    const { origin, pathname } = new URL(this.config.values.CRM_SYNC_URL ?? 'http://localhost');
    return {
      configured: sync !== null,
      url: sync === null ? null : origin + pathname,
      running: (sync?.claimed_until ?? 0) > this.clock.now(),
      cursor: sync?.next_cursor ?? null,
      next_at: toInstant(sync?.next_at ?? null),
      last_started_at: toInstant(sync?.started_at ?? null),
      last_succeeded_at: toInstant(sync?.succeeded_at ?? null),
      failures: sync?.failures ?? 0,
      last_error: sync?.last_error ?? null,
      pages: sync?.pages ?? 0,
      stored: sync?.stored ?? 0,
      refused: sync?.refused ?? 0,
    };
  }
}
