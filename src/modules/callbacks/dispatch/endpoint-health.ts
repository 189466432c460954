import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { domainEvent } from '../../../kernel/domain-event.js';
import { changeRows, placeholders } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { Outbox } from '../../../platform/outbox/outbox.js';
import { AuditTrail } from '../../audit/audit.contract.js';
import { subjectOf } from '../endpoints/endpoint-creator.js';
import type { EndpointEntity } from '../endpoints/endpoint.entity.js';
import { EndpointsRepository } from '../endpoints/endpoints.repository.js';
import type { Attempt } from './attempt.js';
import { groupBy } from './group-by.js';

/** An endpoint is suspended after so many failures in a row, and after nothing but failures for so long. */
const FAILURES = 10;
const FAILING_MS = 60_000;
/** For how long, each time that its probe fails too. */
const SUSPENSIONS_MS = [30_000, 60_000, 120_000, 240_000, 480_000];
const LONGEST_SUSPENSION_MS = 600_000;
/** After so long of nothing but failures it is disabled; failures further apart than that say nothing of the time between. */
const DISABLED_AFTER_MS = 5 * 24 * 3_600_000;

/**
 * How an endpoint fares, in its row, so that every worker sees the same. Each change is one conditional statement that
 * needs no row read before: of two workers that see the same, one changes it. While all goes well nothing is written.
 */
@Injectable()
export class EndpointHealth {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly endpoints: EndpointsRepository,
    private readonly outbox: Outbox,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
  ) {}

  /** Part of the unit that records these attempts; before their rows are locked, since claims lock endpoints first too. */
  async note(attempts: readonly Attempt[]): Promise<void> {
    const succeeded = new Set(attempts.filter(({ result }) => result.kind === 'succeeded').map(({ delivery }) => delivery.callbackId));
    if (succeeded.size > 0) await this.clear([...succeeded].toSorted());
    const failed = groupBy(
      attempts.filter(({ delivery }) => !succeeded.has(delivery.callbackId)),
      ({ delivery }) => delivery.callbackId,
    );
    for (const id of [...failed.keys()].toSorted()) await this.count(id, failed.get(id)!);
  }

  /** The right to send the one request that is allowed when a suspension ends; it lapses at `until`. */
  async beginProbe({ id, suspended_until }: EndpointEntity, until: number): Promise<boolean> {
    return (await this.exchangeSuspension(id, suspended_until!, until)) > 0;
  }

  /** Gives the right back when there was nothing to send, or the request was cut off. */
  async endProbe({ id, suspended_until }: EndpointEntity, until: number): Promise<void> {
    await this.exchangeSuspension(id, until, suspended_until!);
  }

  /** True when it has been disabled for failing all the time. */
  async disableIfHopeless(endpoint: EndpointEntity): Promise<boolean> {
    if (!isHopeless(endpoint)) return false;
    return this.unitOfWork.run(async () => {
      await this.endpoints.beginChange(endpoint.organization_id);
      const current = await this.endpoints.find(endpoint.id);
      if (current === null || !current.enabled || !isHopeless(current)) return false;
      await this.disable(current, 'failing');
      return true;
    });
  }

  /** In a unit that holds the version of the organization's endpoints. */
  async disable(endpoint: EndpointEntity, reason: 'gone' | 'failing'): Promise<void> {
    const { id, organization_id: organizationId, url } = endpoint;
    await this.endpoints.update(id, { enabled: false, disabled_reason: reason, updated_at: this.clock.now() });
    this.outbox.append(domainEvent(organizationId, 'callback.disabled', this.clock.now(), { callback_id: id, url, reason }, subjectOf(endpoint)));
    await this.audit.record({
      organizationId, actor: 'system', action: 'callback.disabled', target: { type: 'callback', id },
      changes: { enabled: { old: true, new: false } }, details: { reason },
    });
  }

  private async clear(ids: readonly string[]): Promise<void> {
    await this.unitOfWork.write(
      `UPDATE callback_endpoints SET failing_since = NULL, failure_count = 0, suspended_until = NULL, suspension_count = 0
       WHERE id IN (${placeholders(ids.length)}) AND failing_since IS NOT NULL`,
      ids,
    );
  }

  private async count(id: string, attempts: readonly Attempt[]): Promise<void> {
    const now = this.clock.now();
    const apart = now - DISABLED_AFTER_MS;
    // MySQL assigns from left to right, so what is asked about comes last.
    await this.unitOfWork.write(
      `UPDATE callback_endpoints SET
         failure_count = CASE WHEN failing_since IS NULL OR last_failure_at < ? THEN 0 ELSE failure_count END + ?,
         failing_since = CASE WHEN failing_since IS NULL OR last_failure_at < ? THEN ? ELSE failing_since END,
         last_failure_at = ?
       WHERE id = ?`,
      [apart, attempts.length, apart, Math.min(now, ...attempts.map(({ startedAt }) => startedAt)), now, id],
    );
    const probe = attempts.find(({ probeUntil }) => probeUntil !== undefined);
    if (probe !== undefined) await this.suspend(id, now, 'suspended_until = ?', [probe.probeUntil]);
    else await this.suspend(id, now, 'suspended_until IS NULL AND failure_count >= ? AND failing_since <= ?', [FAILURES, now - FAILING_MS]);
  }

  private async suspend(id: string, now: number, condition: string, parameters: unknown[]): Promise<void> {
    const cases = SUSPENSIONS_MS.map(() => 'WHEN ? THEN ?').join(' ');
    await this.unitOfWork.write(
      `UPDATE callback_endpoints SET suspended_until = CASE suspension_count ${cases} ELSE ? END, suspension_count = suspension_count + 1 WHERE id = ? AND ${condition}`,
      [...SUSPENSIONS_MS.flatMap((ms, index) => [index, now + ms]), now + LONGEST_SUSPENSION_MS, id, ...parameters],
    );
  }

  private exchangeSuspension(id: string, from: number, to: number): Promise<number> {
    return this.unitOfWork.run(() => changeRows(this.unitOfWork, 'UPDATE callback_endpoints SET suspended_until = ? WHERE id = ? AND suspended_until = ?', [to, id, from]));
  }
}

function isHopeless({ failing_since, last_failure_at }: EndpointEntity): boolean {
  return failing_since !== null && last_failure_at !== null && last_failure_at - failing_since >= DISABLED_AFTER_MS;
}
