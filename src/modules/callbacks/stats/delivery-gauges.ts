import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { Clock } from '../../../kernel/clock.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { Metrics } from '../../../platform/observability/metrics.js';
import { SampledGauges } from '../../../platform/observability/sampled.js';
import type { Sample } from '../../../platform/observability/sampled.js';
import { LOGGER } from '../../../platform/observability/tokens.js';
import { FirstDue } from '../deliveries/first-due.js';

const DELIVERIES = 'crossdesk_callback_deliveries';
const OLDEST_DUE = 'crossdesk_callback_oldest_due_age_seconds';
const ENDPOINTS = 'crossdesk_callback_endpoints';

/** Rows that are counted at the most: a backlog of millions is told by the age of its oldest. */
const MAX_COUNTED = 20_000;
/** Endpoints that one statement counts. */
const CHUNK = 100;
const MAX_ENDPOINTS = 1000;

interface Endpoint {
  id: string;
  format: string;
  enabled: boolean;
  suspendedUntil: number | null;
}

/** How much is to be delivered, in the database, so that each process tells the same. Bounded, and along indexes. */
@Injectable()
export class DeliveryGauges {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly firstDue: FirstDue,
    private readonly clock: Clock,
    { registry }: Metrics,
    @Inject(LOGGER) logger: Logger,
  ) {
    new SampledGauges(registry, [
      { name: DELIVERIES, help: `Deliveries that are not at their end, by state; counted up to ${MAX_COUNTED} in all`, labels: ['state', 'format'] },
      { name: OLDEST_DUE, help: 'How long the oldest delivery that could be attempted now has been due' },
      { name: ENDPOINTS, help: 'Endpoints by state', labels: ['state'] },
    ], () => this.sample(), logger);
  }

  private async sample(): Promise<Sample[]> {
    const endpoints = await this.endpoints();
    const first = await this.firstDue.of(endpoints.map(({ id }) => id));
    const deliveries = await this.deliveries(endpoints.filter(({ id }) => first.has(id)).slice(0, MAX_ENDPOINTS));
    return [...statesOf(endpoints), ...deliveries, { name: OLDEST_DUE, value: this.oldestDueSeconds(endpoints, first) }];
  }

  private async endpoints(): Promise<Endpoint[]> {
    const rows = await this.unitOfWork.query<{ id: string; format: string; enabled: number; suspended_until: number | null }>(
      'SELECT id, format, enabled, suspended_until FROM callback_endpoints',
    );
    return rows.map(({ id, format, enabled, suspended_until }) => ({
      id, format, enabled: Number(enabled) === 1, suspendedUntil: suspended_until === null ? null : Number(suspended_until),
    }));
  }

  private async deliveries(outstanding: readonly Endpoint[]): Promise<Sample[]> {
    const counts = new Map<string, Sample>();
    const perEndpoint = Math.floor(MAX_COUNTED / Math.max(1, outstanding.length));
    for (let start = 0; start < outstanding.length; start += CHUNK) {
      for (const { format, status, count } of await this.countOf(outstanding.slice(start, start + CHUNK), perEndpoint)) {
        const key = `${status} ${format}`;
        const sample = counts.get(key) ?? { name: DELIVERIES, labels: { state: status, format }, value: 0 };
        sample.value += Number(count);
        counts.set(key, sample);
      }
    }
    return [...counts.values()];
  }

  private countOf(endpoints: readonly Endpoint[], limit: number): Promise<{ format: string; status: string; count: number }[]> {
    const one = `SELECT ? AS format, status, COUNT(*) AS count FROM
      (SELECT status FROM callback_deliveries WHERE callback_id = ? AND due_at > 0 ORDER BY due_at LIMIT ?) counted GROUP BY status`;
    return this.unitOfWork.query(endpoints.map(() => one).join(' UNION ALL '), endpoints.flatMap(({ id, format }) => [format, id, limit]));
  }

  /** What a suspended endpoint waits for is not late, and a disabled one gets nothing. */
  private oldestDueSeconds(endpoints: readonly Endpoint[], first: ReadonlyMap<string, number>): number {
    const now = this.clock.now();
    const oldest = endpoints
      .filter(({ enabled, suspendedUntil }) => enabled && (suspendedUntil === null || suspendedUntil <= now))
      .reduce((oldest, { id }) => Math.min(oldest, first.get(id) ?? now), now);
    return (now - oldest) / 1000;
  }
}

function statesOf(endpoints: readonly Endpoint[]): Sample[] {
  const counts = { active: 0, suspended: 0, disabled: 0 };
  for (const { enabled, suspendedUntil } of endpoints) counts[!enabled ? 'disabled' : suspendedUntil === null ? 'active' : 'suspended']++;
  return Object.entries(counts).map(([state, value]) => ({ name: ENDPOINTS, labels: { state }, value }));
}
