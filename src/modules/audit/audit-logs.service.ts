import { Injectable } from '@nestjs/common';
import { toInstant } from '../../kernel/clock.js';
import { mapPage } from '../../kernel/page.js';
import type { Page } from '../../kernel/page.js';
import type { Principal } from '../../kernel/principal.js';
import { keysetPage } from '../../platform/database/keyset.js';
import type { Sorting } from '../../platform/database/keyset.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { AuditLogEntity } from './audit-log.entity.js';
import type { AuditLogView, ListAuditLogsDto } from './audit-logs.dto.js';

const SORTING: Sorting = { columns: { created_at: 'created_at' }, default: '-created_at', tieBreaker: 'id' };

/** Reads the trail; there is no way to change it. */
@Injectable()
export class AuditLogsService {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  async list(principal: Principal, filter: ListAuditLogsDto): Promise<Page<AuditLogView>> {
    const query = this.unitOfWork.manager
      .createQueryBuilder(AuditLogEntity, 'entry')
      .where('entry.organization_id = :organizationId', { organizationId: principal.organizationId });
    for (const field of ['actor_id', 'action', 'target_type', 'target_id'] as const) {
      if (filter[field] !== undefined) query.andWhere(`entry.${field} = :${field}`, { [field]: filter[field] });
    }
    if (filter.since !== undefined) query.andWhere('entry.created_at >= :since', { since: filter.since });
    if (filter.until !== undefined) query.andWhere('entry.created_at < :until', { until: filter.until });
    return mapPage(await keysetPage(query, SORTING, filter), toAuditLogView);
  }
}

function toAuditLogView(entry: AuditLogEntity): AuditLogView {
  return {
    id: entry.id,
    actor_kind: entry.actor_kind as AuditLogView['actor_kind'],
    actor_id: entry.actor_id,
    application_id: entry.application_id,
    action: entry.action,
    target_type: entry.target_type,
    target_id: entry.target_id,
    changes: entry.changes,
    details: entry.details,
    address: entry.address,
    user_agent: entry.user_agent,
    request_id: entry.request_id,
    created_at: toInstant(entry.created_at),
  };
}
