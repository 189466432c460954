import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { newId } from '../../kernel/ids.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { requestOrigin } from '../../platform/http/request-origin.js';
import { AuditLogEntity } from './audit-log.entity.js';
import { AuditTrail } from './audit.contract.js';
import type { AuditEntry } from './audit.contract.js';

const MAX_USER_AGENT = 500;

@Injectable()
export class AuditTrailService extends AuditTrail {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {
    super();
  }

  async record({ organizationId, actor, action, target, changes = {}, details = {} }: AuditEntry): Promise<void> {
    const origin = requestOrigin();
    const known = typeof actor === 'string' ? null : actor;
    const entry: AuditLogEntity = {
      id: newId('auditLog'),
      organization_id: organizationId,
      actor_kind: typeof actor === 'string' ? actor : actor.kind,
      actor_id: known?.id ?? null,
      application_id: known?.application?.id ?? null,
      action,
      target_type: target.type,
      target_id: target.id,
      changes,
      details,
      address: origin?.address ?? null,
      // Headers are read as Latin-1, so that no character is cut in two.
      user_agent: origin?.userAgent?.slice(0, MAX_USER_AGENT) ?? null,
      request_id: origin?.requestId ?? null,
      created_at: this.clock.now(),
    };
    await this.unitOfWork.run(() => this.unitOfWork.transaction.insert(AuditLogEntity, entry as object));
  }
}
