import { Injectable } from '@nestjs/common';
import { Clock, toInstant } from '../../../kernel/clock.js';
import type { Principal } from '../../../kernel/principal.js';
import { EndpointsRepository } from '../endpoints/endpoints.repository.js';
import { RecoveriesRepository } from '../recoveries/recoveries.repository.js';
import type { EndpointStatsQueryDto, EndpointStatsView, LastFailureView } from './stats.dto.js';
import { StatsRepository } from './stats.repository.js';
import type { AttemptRow } from './stats.repository.js';
import { summarize } from './summary.js';

const DAY_MS = 86_400_000;
const DEFAULT_WINDOW_MS = DAY_MS;
const LONGEST_WINDOW_MS = 28 * DAY_MS;
/** Retries wait up to a fifth longer than their schedule says, and longer still for whoever was down or suspended. */
const JITTER = 1.2;
const LATE_MS = DAY_MS;

@Injectable()
export class StatsService {
  constructor(
    private readonly endpoints: EndpointsRepository,
    private readonly stats: StatsRepository,
    private readonly recoveries: RecoveriesRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * Deliveries of events before the window may have been tried in it: they are looked at as far back as the schedule is
   * long, and a day, and as far as a recovery since then went.
   */
  async of(principal: Principal, callbackId: string, query: EndpointStatsQueryDto): Promise<EndpointStatsView> {
    const now = this.clock.now();
    const since = Math.max(query.since ?? now - DEFAULT_WINDOW_MS, now - LONGEST_WINDOW_MS);
    const endpoint = await this.endpoints.get(principal, callbackId);
    const scheduleMs = endpoint.schedule_seconds.reduce((sum, seconds) => sum + seconds, 0) * 1000 * JITTER;
    const triedSince = Math.floor(since - Math.min(scheduleMs + LATE_MS, LONGEST_WINDOW_MS));
    const madeSince = Math.min(triedSince, (await this.recoveries.earliestOf(endpoint.id, triedSince)) ?? triedSince);
    const { rows, sampled } = await this.stats.attempts(endpoint.id, madeSince, since);
    const { count, oldestAt } = await this.stats.pending(endpoint.id);
    const { attempts, succeeded, failed, successRate, p50Ms, p95Ms, lastSuccess, lastFailure } = summarize(rows);
    return {
      since: toInstant(since),
      attempts,
      succeeded,
      failed,
      success_rate: successRate,
      p50_ms: p50Ms,
      p95_ms: p95Ms,
      pending: count,
      oldest_pending_at: toInstant(oldestAt),
      suspended_until: toInstant(endpoint.suspended_until),
      last_failure: lastFailure === null ? null : await this.failureOf(lastFailure),
      last_success_at: toInstant(lastSuccess?.started_at ?? null),
      sampled,
    };
  }

  private async failureOf(attempt: AttemptRow): Promise<LastFailureView> {
    const { started_at: startedAt, status_code: statusCode, error_class: errorClass } = attempt;
    const message = (await this.stats.errorMessageOf(attempt)) ?? `The receiver answered ${statusCode}.`;
    return { at: toInstant(startedAt), status_code: statusCode, error_class: errorClass, message };
  }
}
