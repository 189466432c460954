import type { Registry } from 'prom-client';
import type { Logger } from 'pino';
import type { Clock } from '../../kernel/clock.js';
import type { UnitOfWork } from '../database/unit-of-work.js';
import type { Projections } from '../outbox/projections.js';
import type { JobQueue } from '../queue/job-queue.js';
import { SampledGauges } from './sampled.js';

const LAG = 'crossdesk_event_sequencer_lag_seconds';
const UNREAD = 'crossdesk_projection_lag_events';
const JOBS = 'crossdesk_queue_jobs';

/** What the platform waits for: jobs, committed events that have no position yet, and those that a projection has not read. */
export class ServiceGauges {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    queue: JobQueue,
    projections: Projections,
    private readonly clock: Clock,
    registry: Registry,
    logger: Logger,
  ) {
    // Apart from each other, so that the database is seen while Redis is away and the other way round.
    new SampledGauges(registry, [{ name: JOBS, help: 'Jobs in the queue by state; with Redis those of all processes', labels: ['state'] }], async () => {
      const depth = await queue.depth();
      return Object.entries(depth).map(([state, value]) => ({ name: JOBS, labels: { state }, value }));
    }, logger);
    new SampledGauges(registry, [{ name: LAG, help: 'Age of the oldest committed event that has no position in the log yet' }], async () => [
      { name: LAG, value: await this.lagSeconds() },
    ], logger);
    new SampledGauges(registry, [{ name: UNREAD, help: 'Positioned events that a projection has not read yet', labels: ['projection'] }], async () => {
      const unread = await projections.unread();
      return [...unread].map(([projection, value]) => ({ name: UNREAD, labels: { projection }, value }));
    }, logger);
  }

  /** Along the index of positions, and one event for each organization: without a position they come in the order of their numbers. */
  private async lagSeconds(): Promise<number> {
    const [row] = await this.unitOfWork.query<{ oldest: number | null }>(
      `SELECT MIN(waiting.occurred_at) AS oldest FROM
       (SELECT (SELECT e.occurred_at FROM events e WHERE e.organization_id = p.organization_id AND e.position IS NULL LIMIT 1) AS occurred_at
        FROM event_positions p) waiting`,
    );
    const oldest = row?.oldest ?? null;
    return oldest === null ? 0 : Math.max(0, this.clock.now() - Number(oldest)) / 1000;
  }
}
