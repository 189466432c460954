import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { mapPage } from '../../../kernel/page.js';
import type { Page } from '../../../kernel/page.js';
import type { Principal } from '../../../kernel/principal.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { assertMatch } from '../../../platform/http/etag.js';
import { AuditTrail } from '../../audit/audit.contract.js';
import { Callbacks } from '../callbacks.contract.js';
import type { ListEndpointsDto } from './endpoints.dto.js';
import { EndpointsRepository } from './endpoints.repository.js';
import { ENDPOINT_WRITABLE } from './endpoints.view.dto.js';
import type { EndpointView } from './endpoints.view.dto.js';
import { EndpointViews } from './endpoints.view.js';

@Injectable()
export class EndpointsService extends Callbacks {
  constructor(
    private readonly endpoints: EndpointsRepository,
    private readonly views: EndpointViews,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
  ) {
    super();
  }

  async prepare(organizationId: string): Promise<void> {
    await this.endpoints.prepare(organizationId);
  }

  /** What waits is left to `DeliveryRetention`, which deletes it with its events: there may be very much of it. */
  async close(organizationId: string): Promise<void> {
    await this.endpoints.beginChange(organizationId);
    await this.endpoints.disableAll(organizationId, 'organization_closed', this.clock.now());
  }

  async get(principal: Principal, id: string): Promise<EndpointView> {
    return this.views.of(await this.endpoints.get(principal, id));
  }

  async list(principal: Principal, filter: ListEndpointsDto): Promise<Page<EndpointView>> {
    return mapPage(await this.endpoints.list(principal, filter), (endpoint) => this.views.of(endpoint));
  }

  /** What was still to be delivered is sent no more, and discarded by `DeliveryRetention`: there may be very much of it. */
  async delete(principal: Principal, id: string, ifMatch?: string): Promise<void> {
    await this.unitOfWork.run(async () => {
      await this.endpoints.beginChange(principal.organizationId);
      const before = this.views.of(await this.endpoints.get(principal, id));
      assertMatch(ifMatch, before, ENDPOINT_WRITABLE);
      await this.endpoints.delete(id);
      await this.audit.record({
        organizationId: principal.organizationId, actor: principal, action: 'callback.deleted', target: { type: 'callback', id }, details: { url: before.url },
      });
    });
  }
}
