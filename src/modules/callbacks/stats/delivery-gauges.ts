import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { Clock } from '../../../kernel/clock.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { Metrics } from '../../../platform/observability/metrics.js';
import { SampledGauges } from '../../../platform/observability/sampled.js';
import type { Sample } from '../../../platform/observability/sampled.js';
import { LOGGER } from '../../../platform/observability/tokens.js';

const DELIVERIES = 'crossdesk_callback_deliveries';
const OLDEST_DUE = 'crossdesk_callback_oldest_due_age_seconds';
const ENDPOINTS = 'crossdesk_callback_endpoints';

/** Rows that are counted at the most: a backlog of millions is told by the age of its oldest. */
const MAX_COUNTED = 20_000;
/** Endpoints that one statement counts. */
const CHUNK = 100;
const MAX_ENDPOINTS = 1000;

interface Outstanding {
  id: string;
  format: string;
}

/** How much is to be delivered, in the database, so that each process tells the same. Bounded, and along indexes. */
@Injectable()
export class DeliveryGauges {
  constructor(
    private readonly unitOfWork: UnitOfWork,
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
    const deliveries = await this.deliveries();
    return [...endpoints, ...deliveries, { name: OLDEST_DUE, value: await this.oldestDueSeconds() }];
  }

  private async endpoints(): Promise<Sample[]> {
    const rows = await this.unitOfWork.query<{ state: string; count: number }>(
      `SELECT CASE WHEN enabled = 0 THEN 'disabled' WHEN suspended_until IS NOT NULL THEN 'suspended' ELSE 'active' END AS state, COUNT(*) AS count
       FROM callback_endpoints GROUP BY state`,
    );
    const counts = new Map(rows.map(({ state, count }) => [state, Number(count)]));
    return ['active', 'suspended', 'disabled'].map((state) => ({ name: ENDPOINTS, labels: { state }, value: counts.get(state) ?? 0 }));
  }

  private async deliveries(): Promise<Sample[]> {
    const outstanding = await this.unitOfWork.query<Outstanding>(
      `SELECT e.id, e.format FROM callback_endpoints e
       WHERE 1 = (SELECT 1 FROM callback_deliveries d WHERE d.callback_id = e.id AND d.due_at > 0 ORDER BY d.due_at LIMIT 1) LIMIT ?`,
      [MAX_ENDPOINTS],
    );
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

  private countOf(endpoints: readonly Outstanding[], limit: number): Promise<{ format: string; status: string; count: number }[]> {
    const one = `SELECT ? AS format, status, COUNT(*) AS count FROM
      (SELECT status FROM callback_deliveries WHERE callback_id = ? AND due_at > 0 ORDER BY due_at LIMIT ?) counted GROUP BY status`;
    return this.unitOfWork.query(endpoints.map(() => one).join(' UNION ALL '), endpoints.flatMap(({ id, format }) => [format, id, limit]));
  }

  /** What a suspended endpoint waits for is not late, and a disabled one gets nothing. */
  private async oldestDueSeconds(): Promise<number> {
    const now = this.clock.now();
    const [row] = await this.unitOfWork.query<{ oldest: number | null }>(
      `SELECT MIN(due.due_at) AS oldest FROM
       (SELECT (SELECT d.due_at FROM callback_deliveries d WHERE d.callback_id = e.id AND d.due_at > 0 ORDER BY d.due_at LIMIT 1) AS due_at
        FROM callback_endpoints e WHERE e.enabled = 1 AND (e.suspended_until IS NULL OR e.suspended_until <= ?)) due`,
      [now],
    );
    const oldest = row?.oldest ?? null;
    return oldest === null ? 0 : Math.max(0, now - Number(oldest)) / 1000;
  }
}
