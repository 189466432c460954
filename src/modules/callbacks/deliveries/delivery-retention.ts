import { Inject, Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Clock } from '../../../kernel/clock.js';
import { Config } from '../../../platform/config/config.js';
import { changeRows, placeholders } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { WorkerTimers } from '../../../platform/leases/worker-timers.js';
import { LOGGER } from '../../../platform/observability/tokens.js';
import { EndpointsRepository } from '../endpoints/endpoints.repository.js';
import { RecoveriesRepository } from '../recoveries/recoveries.repository.js';
import { BatchAnswers } from './batch-answers.js';
import { DeliveriesRepository } from './deliveries.repository.js';

const EVERY_MS = 5 * 60_000;
/** Deliveries that are discarded, or deleted with their attempts, in one transaction. */
const STEP = 500;
const TASK = { name: 'delivery-retention', everyMs: EVERY_MS, leaseMs: EVERY_MS, failure: 'old deliveries could not be deleted; the next try comes soon' };

interface Row {
  id: string;
  due_at: number | null;
}

/**
 * Deletes deliveries, their attempts and recoveries when the time for which they are kept is over. What was still to be
 * delivered is given up with its event; what is being sent at the moment is left to its end. The answer to a batch is
 * forgotten with the first of its members. What was still to be delivered to an endpoint that was deleted is discarded here too.
 */
@Injectable()
export class DeliveryRetention {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly endpoints: EndpointsRepository,
    private readonly deliveries: DeliveriesRepository,
    private readonly answers: BatchAnswers,
    private readonly recoveries: RecoveriesRepository,
    private readonly config: Config,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    timers: WorkerTimers,
  ) {
    timers.every(TASK, (stopping) => this.run(stopping));
  }

  async run(stopping?: AbortSignal): Promise<void> {
    const before = this.clock.now() - this.config.eventRetentionMs;
    // From endpoint to endpoint through the index by which deliveries are listed; endpoints may be gone, so it asks for theirs.
    for (let id = await this.endpointAfter(''); id !== null && stopping?.aborted !== true; id = await this.endpointAfter(id)) {
      if ((await this.endpoints.find(id)) === null) await this.repeat(() => this.deliveries.discardOutstanding(id!, STEP), stopping);
      await this.repeat(() => this.deleteOf(id!, before), stopping);
    }
    await this.repeat(() => this.recoveries.deleteEnded(before, STEP), stopping);
  }

  private async repeat(step: () => Promise<number>, stopping?: AbortSignal): Promise<void> {
    while (stopping?.aborted !== true) {
      const begunAt = performance.now();
      if ((await step()) < STEP) return;
      // As long a pause as the step was: the messages of the day come first.
      await delay(performance.now() - begunAt);
    }
  }

  private async endpointAfter(callbackId: string): Promise<string | null> {
    const [row] = await this.unitOfWork.query<{ callback_id: string }>(
      'SELECT callback_id FROM callback_deliveries WHERE callback_id > ? ORDER BY callback_id LIMIT 1',
      [callbackId],
    );
    return row?.callback_id ?? null;
  }

  private async deleteOf(callbackId: string, before: number): Promise<number> {
    const old = await this.unitOfWork.run(async () => {
      const rows = await this.unitOfWork.query<Row>(
        `SELECT id, due_at FROM callback_deliveries
         WHERE callback_id = ? AND created_at < ? AND NOT (status = 'delivering' AND due_at > ?) ORDER BY created_at, id LIMIT ?${this.skipLocked}`,
        [callbackId, before, this.clock.now(), STEP],
      );
      if (rows.length === 0) return rows;
      const ids = rows.map(({ id }) => id);
      const kept = await this.answers.sharing(ids);
      for (const id of ids) kept.delete(id);
      await this.answers.forget(kept);
      await changeRows(this.unitOfWork, `DELETE FROM callback_attempts WHERE delivery_id IN (${placeholders(ids.length)})`, ids);
      await this.answers.forgetBatchesOf(ids);
      await changeRows(this.unitOfWork, `DELETE FROM callback_deliveries WHERE id IN (${placeholders(ids.length)})`, ids);
      return rows;
    });
    const undelivered = old.filter(({ due_at }) => due_at !== null).length;
    if (undelivered > 0) this.logger.warn({ callback: callbackId, count: undelivered }, 'deliveries were given up, since their events are no longer kept');
    return old.length;
  }

  private get skipLocked(): string {
    return this.unitOfWork.dialect === 'mysql' ? ' FOR UPDATE SKIP LOCKED' : '';
  }
}
