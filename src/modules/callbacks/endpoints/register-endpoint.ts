import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { invalidField } from '../../../kernel/domain-error.js';
import { newId } from '../../../kernel/ids.js';
import type { Principal } from '../../../kernel/principal.js';
import { Cipher } from '../../../platform/crypto/cipher.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { AuditTrail, changesBetween } from '../../audit/audit.contract.js';
import { creatorOf } from './endpoint-creator.js';
import { normalHeaders } from './endpoint-headers.js';
import { HEADERS_PURPOSE, OPTIONS_PURPOSE, SECRET_PURPOSE } from './endpoint-purposes.js';
import { EndpointRules } from './endpoint-rules.js';
import { newSecret, publicKeyOf } from './endpoint-secret.js';
import { UNTROUBLED } from './endpoint.entity.js';
import type { EndpointEntity, EndpointFilter, Signing } from './endpoint.entity.js';
import type { CreateEndpointDto } from './endpoints.dto.js';
import type { EndpointFilterDto } from './endpoint-options.dto.js';
import { EndpointsRepository } from './endpoints.repository.js';
import { ENDPOINT_WRITABLE } from './endpoints.view.dto.js';
import type { CreatedEndpointView } from './endpoints.view.dto.js';
import { EndpointViews } from './endpoints.view.js';
import { FollowCreators } from './follow-creators.js';

const DEFAULT_TIMEOUT_MS = 15_000;

@Injectable()
export class RegisterEndpoint {
  constructor(
    private readonly endpoints: EndpointsRepository,
    private readonly creators: FollowCreators,
    private readonly rules: EndpointRules,
    private readonly views: EndpointViews,
    private readonly cipher: Cipher,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
  ) {}

  async create(principal: Principal, input: CreateEndpointDto): Promise<CreatedEndpointView> {
    this.rules.assertReachable(input.url);
    const format = this.rules.formatNamed(input.format ?? 'native');
    const options = input.format_options ?? {};
    const batch = input.batch === undefined ? (format.defaultBatch ?? null) : input.batch;
    this.rules.assertFits(format, options, batch);
    const signing = input.signing ?? 'hmac';
    assertMayBeGiven(input.secret, signing);
    await this.rules.verify({ format, url: input.url, options });
    const secret = input.secret ?? newSecret(signing);
    const now = this.clock.now();
    const endpoint: Omit<EndpointEntity, 'visibility'> = {
      id: newId('callback'),
      organization_id: principal.organizationId,
      url: input.url,
      events: input.events,
      format: format.name,
      format_options: this.cipher.encrypt(JSON.stringify(options), OPTIONS_PURPOSE),
      signing,
      secret: this.cipher.encrypt(secret, SECRET_PURPOSE),
      old_secrets: null,
      public_key: publicKeyOf(secret),
      headers: this.cipher.encrypt(JSON.stringify(normalHeaders(input.headers ?? {})), HEADERS_PURPOSE),
      timeout_ms: input.timeout_ms ?? DEFAULT_TIMEOUT_MS,
      schedule_seconds: input.retry?.schedule_seconds ?? [...format.defaultSchedule],
      own_schedule: input.retry !== undefined && input.retry !== null,
      batch,
      ordering: input.ordering ?? 'none',
      rate_limit: input.rate_limit ?? null,
      rate_grants: null,
      filter: toFilter(input.filter),
      ...creatorOf(principal),
      enabled: input.enabled ?? true,
      disabled_reason: null,
      ...UNTROUBLED,
      last_failure_at: null,
      description: input.description ?? null,
      created_at: now,
      updated_at: now,
    };
    return this.unitOfWork.run(async () => {
      const visibility = await this.creators.hold(principal.organizationId, endpoint);
      await this.endpoints.insert({ ...endpoint, visibility });
      const view = this.views.of({ ...endpoint, visibility });
      await this.audit.record({
        organizationId: principal.organizationId, actor: principal, action: 'callback.created', target: { type: 'callback', id: endpoint.id },
        changes: changesBetween(null, view, ENDPOINT_WRITABLE),
      });
      return { ...view, secret: shownSecret(secret, signing) };
    });
  }
}

export function toFilter(filter: EndpointFilterDto | undefined): EndpointFilter {
  return { departments: filter?.departments ?? [], channels: filter?.channels ?? [] };
}

export function assertMayBeGiven(secret: string | undefined, signing: Signing): void {
  if (secret === undefined || signing === 'hmac') return;
  throw invalidField('secret', 'not_for_signing', 'With ed25519 the key pair is made here: its private key is known to nobody else.');
}

/** A private key is shown to nobody: receivers need the public one. */
export function shownSecret(secret: string, signing: Signing): string | null {
  return signing === 'hmac' ? secret : null;
}
