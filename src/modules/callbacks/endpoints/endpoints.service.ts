import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { DomainError } from '../../../kernel/domain-error.js';
import { newId } from '../../../kernel/ids.js';
import { mapPage } from '../../../kernel/page.js';
import type { Page } from '../../../kernel/page.js';
import type { Principal } from '../../../kernel/principal.js';
import { Cipher } from '../../../platform/crypto/cipher.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { assertMatch } from '../../../platform/http/etag.js';
import { AddressGuard } from '../../../platform/outbound/address-guard.js';
import { JobQueue } from '../../../platform/queue/job-queue.js';
import { AuditTrail, changesBetween } from '../../audit/audit.contract.js';
import type { AuditChanges } from '../../audit/audit.contract.js';
import { Callbacks } from '../callbacks.contract.js';
import { DeliveriesRepository } from '../deliveries/deliveries.repository.js';
import { PUMP_JOB } from '../dispatch/pump-job.js';
import { CallbackFormats } from '../formats/formats.js';
import { creatorOf } from './endpoint-creator.js';
import { normalHeaders } from './endpoint-headers.js';
import { HEADERS_PURPOSE, SECRET_PURPOSE } from './endpoint-purposes.js';
import { newSecret } from './endpoint-secret.js';
import { UNTROUBLED } from './endpoint.entity.js';
import type { EndpointEntity } from './endpoint.entity.js';
import { ENDPOINT_WRITABLE } from './endpoints.dto.js';
import type { CreateEndpointDto, CreatedEndpointView, EndpointFilterDto, EndpointView, ListEndpointsDto, UpdateEndpointDto } from './endpoints.dto.js';
import { EndpointsRepository } from './endpoints.repository.js';
import { toEndpointView } from './endpoints.view.js';
import { FollowCreators, creatorDisabled } from './follow-creators.js';

const DEFAULT_TIMEOUT_MS = 15_000;

@Injectable()
export class EndpointsService extends Callbacks {
  constructor(
    private readonly endpoints: EndpointsRepository,
    private readonly creators: FollowCreators,
    private readonly deliveries: DeliveriesRepository,
    private readonly formats: CallbackFormats,
    private readonly guard: AddressGuard,
    private readonly cipher: Cipher,
    private readonly queue: JobQueue,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
  ) {
    super();
  }

  async prepare(organizationId: string): Promise<void> {
    await this.endpoints.prepare(organizationId);
  }

  async create(principal: Principal, input: CreateEndpointDto): Promise<CreatedEndpointView> {
    this.assertReachable(input.url);
    const now = this.clock.now();
    const format = input.format ?? 'native';
    const secret = input.secret ?? newSecret();
    const headers = normalHeaders(input.headers ?? {});
    const endpoint: Omit<EndpointEntity, 'visibility'> = {
      id: newId('callback'),
      organization_id: principal.organizationId,
      url: input.url,
      events: input.events,
      format,
      format_options: null,
      signing: 'hmac',
      secret: this.cipher.encrypt(secret, SECRET_PURPOSE),
      old_secrets: null,
      public_key: null,
      headers: this.cipher.encrypt(JSON.stringify(headers), HEADERS_PURPOSE),
      timeout_ms: input.timeout_ms ?? DEFAULT_TIMEOUT_MS,
      schedule_seconds: input.retry?.schedule_seconds ?? [...this.formats.get(format).defaultSchedule],
      own_schedule: input.retry !== undefined && input.retry !== null,
      batch: null,
      ordering: 'none',
      rate_limit: null,
      filter: toFilter(input.filter),
      ...creatorOf(principal),
      enabled: input.enabled ?? true,
      disabled_reason: null,
      ...UNTROUBLED,
      last_failure_at: null,
      rate_grants: null,
      description: input.description ?? null,
      created_at: now,
      updated_at: now,
    };
    const view = toEndpointView(endpoint, Object.keys(headers));
    await this.unitOfWork.run(async () => {
      const visibility = await this.creators.hold(principal.organizationId, endpoint);
      await this.endpoints.insert({ ...endpoint, visibility });
      await this.record(principal, 'callback.created', endpoint.id, changesBetween(null, view, ENDPOINT_WRITABLE));
    });
    return { ...view, secret };
  }

  async get(principal: Principal, id: string): Promise<EndpointView> {
    return this.view(await this.endpoints.get(principal, id));
  }

  async list(principal: Principal, filter: ListEndpointsDto): Promise<Page<EndpointView>> {
    return mapPage(await this.endpoints.list(principal, filter), (endpoint) => this.view(endpoint));
  }

  async update(principal: Principal, id: string, input: UpdateEndpointDto, ifMatch?: string): Promise<EndpointView> {
    if (input.url !== undefined) this.assertReachable(input.url);
    return this.unitOfWork.run(async () => {
      await this.endpoints.beginChange(principal.organizationId);
      const before = await this.endpoints.get(principal, id);
      assertMatch(ifMatch, this.view(before), ENDPOINT_WRITABLE);
      const changed = this.changesOf(before, input);
      if (Object.keys(changed).length === 0) return this.view(before);
      const visibility = changed.enabled === true ? await this.creators.visibilityFor(principal.organizationId, before) : before.visibility;
      if (visibility === null) throw creatorDisabled();
      const after = { ...before, ...changed, visibility, updated_at: this.clock.now() };
      await this.endpoints.update(id, { ...changed, visibility, updated_at: after.updated_at });
      const changes = changesBetween(this.view(before), this.view(after), ENDPOINT_WRITABLE);
      await this.record(principal, 'callback.updated', id, { ...changes, ...(changed.headers !== undefined && { headers: 'changed' }) });
      this.unitOfWork.afterCommit(() => this.queue.wake(PUMP_JOB, id));
      return this.view(after);
    });
  }

  /** What was still to be delivered is discarded. */
  async delete(principal: Principal, id: string, ifMatch?: string): Promise<void> {
    await this.unitOfWork.run(async () => {
      await this.endpoints.beginChange(principal.organizationId);
      const before = this.view(await this.endpoints.get(principal, id));
      assertMatch(ifMatch, before, ENDPOINT_WRITABLE);
      await this.endpoints.delete(id);
      await this.deliveries.discardOutstanding(id);
      await this.audit.record({
        organizationId: principal.organizationId, actor: principal, action: 'callback.deleted', target: { type: 'callback', id }, details: { url: before.url },
      });
    });
  }

  private async record(principal: Principal, action: string, id: string, changes: AuditChanges): Promise<void> {
    await this.audit.record({ organizationId: principal.organizationId, actor: principal, action, target: { type: 'callback', id }, changes });
  }

  private changesOf(before: EndpointEntity, input: UpdateEndpointDto): Partial<EndpointEntity> {
    const { retry, filter, headers, ...plain } = input;
    const format = this.formats.get(input.format ?? before.format);
    const wanted: Partial<EndpointEntity> = {
      ...plain,
      ...(retry !== undefined && { schedule_seconds: retry?.schedule_seconds ?? [...format.defaultSchedule], own_schedule: retry !== null }),
      ...(filter !== undefined && { filter: toFilter(filter) }),
      ...(input.enabled === true && { disabled_reason: null }),
      // Its past says nothing of another receiver, or of one that somebody has mended.
      ...(((input.enabled === true && !before.enabled) || (input.url ?? before.url) !== before.url) && UNTROUBLED),
    };
    const names = Object.keys(wanted) as (keyof EndpointEntity)[];
    const changed = names.filter((name) => JSON.stringify(wanted[name]) !== JSON.stringify(before[name]));
    const changes: Partial<EndpointEntity> = Object.fromEntries(changed.map((name) => [name, wanted[name]]));
    // Each encryption differs, so headers are compared as they are read.
    const text = headers === undefined ? undefined : JSON.stringify(normalHeaders(headers));
    if (text === undefined || text === this.cipher.decrypt(before.headers, HEADERS_PURPOSE)) return changes;
    return { ...changes, headers: this.cipher.encrypt(text, HEADERS_PURPOSE) };
  }

  /** A name is checked when it is connected to, since what it resolves to may change; a literal cannot. */
  private assertReachable(url: string): void {
    const literal = this.guard.literalHost(new URL(url));
    if (literal === null || this.guard.verdict(literal) === 'allowed') return;
    const code = 'callback.address_forbidden';
    const message = `${literal} is an internal address. CALLBACK_ALLOW_CIDRS opens ranges that callbacks may reach.`;
    throw new DomainError('invalid', code, message, { errors: [{ field: 'url', code, message }] });
  }

  private view(endpoint: EndpointEntity): EndpointView {
    const headers = JSON.parse(this.cipher.decrypt(endpoint.headers, HEADERS_PURPOSE)) as Record<string, string>;
    return toEndpointView(endpoint, Object.keys(headers));
  }
}

function toFilter(filter: EndpointFilterDto | undefined): { departments: string[]; channels: string[] } {
  return { departments: filter?.departments ?? [], channels: filter?.channels ?? [] };
}
