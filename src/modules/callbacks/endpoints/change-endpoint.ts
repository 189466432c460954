import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { DomainError } from '../../../kernel/domain-error.js';
import type { Principal } from '../../../kernel/principal.js';
import { Cipher } from '../../../platform/crypto/cipher.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { assertMatch } from '../../../platform/http/etag.js';
import { JobQueue } from '../../../platform/queue/job-queue.js';
import { AuditTrail, changesBetween } from '../../audit/audit.contract.js';
import type { AuditChanges } from '../../audit/audit.contract.js';
import { PUMP_JOB } from '../dispatch/pump-job.js';
import { normalHeaders } from './endpoint-headers.js';
import { HEADERS_PURPOSE, OPTIONS_PURPOSE } from './endpoint-purposes.js';
import { EndpointRules, identityOf } from './endpoint-rules.js';
import type { Destination } from './endpoint-rules.js';
import { UNTROUBLED } from './endpoint.entity.js';
import type { EndpointEntity } from './endpoint.entity.js';
import type { UpdateEndpointDto } from './endpoints.dto.js';
import { EndpointsRepository } from './endpoints.repository.js';
import { ENDPOINT_WRITABLE } from './endpoints.view.dto.js';
import type { EndpointView } from './endpoints.view.dto.js';
import { EndpointViews } from './endpoints.view.js';
import { FollowCreators, creatorDisabled } from './follow-creators.js';
import { EndpointOpener } from './open-endpoint.js';
import { toFilter } from './register-endpoint.js';

/** Columns whose ciphertexts differ each time, so that changes are found by what they hold. */
type Sealed = 'headers' | 'format_options';

@Injectable()
export class ChangeEndpoint {
  constructor(
    private readonly endpoints: EndpointsRepository,
    private readonly creators: FollowCreators,
    private readonly rules: EndpointRules,
    private readonly opener: EndpointOpener,
    private readonly views: EndpointViews,
    private readonly cipher: Cipher,
    private readonly queue: JobQueue,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
  ) {}

  async update(principal: Principal, id: string, input: UpdateEndpointDto, ifMatch?: string): Promise<EndpointView> {
    if (input.url !== undefined) this.rules.assertReachable(input.url);
    const verified = await this.verifyAhead(principal, id, input);
    return this.unitOfWork.run(async () => {
      await this.endpoints.beginChange(principal.organizationId);
      const before = await this.endpoints.get(principal, id);
      assertMatch(ifMatch, this.views.of(before), ENDPOINT_WRITABLE);
      assertSameSigning(before, input);
      if (this.mustBeVerified(before, input) && identityOf(this.destinationAfter(before, input)) !== verified) throw changedMeanwhile();
      const changed = this.changesOf(before, input);
      if (Object.keys(changed).length === 0) return this.views.of(before);
      const visibility = changed.enabled === true ? await this.creators.visibilityFor(principal.organizationId, before) : before.visibility;
      if (visibility === null) throw creatorDisabled();
      const after = { ...before, ...changed, visibility, updated_at: this.clock.now() };
      await this.endpoints.update(id, { ...changed, visibility, updated_at: after.updated_at });
      await this.record(principal, before, after, changed);
      this.unitOfWork.afterCommit(() => this.queue.wake(PUMP_JOB, id));
      return this.views.of(after);
    });
  }

  /** Asks the receiver before the unit of work is opened, which others would wait for. Answers what it agreed to. */
  private async verifyAhead(principal: Principal, id: string, input: UpdateEndpointDto): Promise<string | null> {
    const before = await this.endpoints.get(principal, id);
    if (!this.mustBeVerified(before, input)) return null;
    const destination = this.destinationAfter(before, input);
    this.assertFits(before, input, destination);
    await this.rules.verify(destination);
    return identityOf(destination);
  }

  private mustBeVerified(before: EndpointEntity, input: UpdateEndpointDto): boolean {
    const after = this.destinationAfter(before, input);
    return after.format.verifyUrl !== undefined && identityOf(after) !== identityOf(this.destinationAfter(before, {}));
  }

  /** Another format does not know the options of the one before. */
  private destinationAfter(before: EndpointEntity, input: UpdateEndpointDto): Destination {
    const format = this.rules.formatNamed(input.format ?? before.format);
    const options = input.format_options ?? (format.name === before.format ? this.opener.optionsOf(before) : {});
    return { format, url: input.url ?? before.url, options };
  }

  private assertFits(before: EndpointEntity, input: UpdateEndpointDto, { format, options }: Destination): void {
    this.rules.assertFits(format, options, input.batch === undefined ? before.batch : input.batch);
  }

  private changesOf(before: EndpointEntity, input: UpdateEndpointDto): Partial<EndpointEntity> {
    const { retry, filter, headers, format_options: _, ...plain } = input;
    const destination = this.destinationAfter(before, input);
    this.assertFits(before, input, destination);
    const { format, options } = destination;
    const takesDefaultSchedule = retry === null || (retry === undefined && format.name !== before.format && !before.own_schedule);
    const wanted: Partial<EndpointEntity> = {
      ...plain,
      ...(takesDefaultSchedule && { schedule_seconds: [...format.defaultSchedule], own_schedule: false }),
      ...(retry !== undefined && retry !== null && { schedule_seconds: retry.schedule_seconds, own_schedule: true }),
      ...(filter !== undefined && { filter: toFilter(filter) }),
      ...(input.enabled === true && { disabled_reason: null }),
      ...(startsAnew(before, input) && UNTROUBLED),
    };
    const names = Object.keys(wanted) as (keyof EndpointEntity)[];
    const changed = names.filter((name) => JSON.stringify(wanted[name]) !== JSON.stringify(before[name]));
    return {
      ...Object.fromEntries(changed.map((name) => [name, wanted[name]])),
      ...(headers !== undefined && this.sealed('headers', HEADERS_PURPOSE, this.opener.headersOf(before), normalHeaders(headers))),
      ...this.sealed('format_options', OPTIONS_PURPOSE, this.opener.optionsOf(before), options),
    };
  }

  private sealed(column: Sealed, purpose: string, before: object, after: object): Partial<Pick<EndpointEntity, Sealed>> {
    const text = JSON.stringify(after);
    return text === JSON.stringify(before) ? {} : { [column]: this.cipher.encrypt(text, purpose) };
  }

  private async record(principal: Principal, before: EndpointEntity, after: EndpointEntity, changed: Partial<EndpointEntity>): Promise<void> {
    const visible = changesBetween(this.views.of(before), this.views.of(after), ENDPOINT_WRITABLE);
    const sealed = (['headers', 'format_options'] as const).filter((column) => changed[column] !== undefined && !(column in visible));
    const changes: AuditChanges = { ...visible, ...Object.fromEntries(sealed.map((column) => [column, 'changed' as const])) };
    await this.audit.record({ organizationId: principal.organizationId, actor: principal, action: 'callback.updated', target: { type: 'callback', id: before.id }, changes });
  }
}

/** What was learned about the receiver says nothing about another one, and is forgotten when it is given a new chance. */
function startsAnew(before: EndpointEntity, input: UpdateEndpointDto): boolean {
  return (input.enabled === true && !before.enabled) || (input.url !== undefined && input.url !== before.url);
}

function assertSameSigning(before: EndpointEntity, input: UpdateEndpointDto): void {
  if (input.signing === undefined || input.signing === before.signing) return;
  throw new DomainError('conflict', 'callback.signing_fixed', 'How an endpoint is signed for does not change: its receiver could verify nothing. Register another one.');
}

function changedMeanwhile(): DomainError {
  return new DomainError('conflict', 'callback.changed_meanwhile', 'The endpoint was changed while its receiver was asked; try again.');
}
