import { Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { Clock } from '../../kernel/clock.js';
import { Config } from '../../platform/config/config.js';
import { changeRows } from '../../platform/database/rows.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { WorkerTimers } from '../../platform/leases/worker-timers.js';
import { Projections } from '../../platform/outbox/projections.js';

const EVERY_MS = 5 * 60_000;
/** Events that are looked at, and deleted, in one transaction. */
const STEP = 1000;
const TASK = { name: 'event-retention', everyMs: EVERY_MS, leaseMs: EVERY_MS, failure: 'old events could not be deleted; the next try comes soon' };

/**
 * Deletes events when the time for which they are kept is over: from the beginning of the log, by number, which is about
 * the order of time and needs no index of its own. Positions go on from where they are, so a cursor that points before
 * what is left goes on with the first that is.
 */
@Injectable()
export class EventRetention {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly config: Config,
    private readonly clock: Clock,
    private readonly projections: Projections,
    timers: WorkerTimers,
  ) {
    timers.every(TASK, (stopping) => this.run(stopping));
  }

  async run(stopping: AbortSignal = new AbortController().signal): Promise<void> {
    await this.projections.followAll(stopping);
    let seen: number | null = 0;
    while (seen !== null && !stopping.aborted) {
      const begunAt = performance.now();
      seen = await this.step(seen);
      // As long a pause as the step was: the messages of the day come first.
      await delay(performance.now() - begunAt);
    }
  }

  /** Returns where to go on from; null when what follows is young. */
  private async step(seen: number): Promise<number | null> {
    const now = this.clock.now();
    const before = now - this.config.eventRetentionMs;
    const rows = await this.unitOfWork.query<{ number: number; occurred_at: number }>(
      'SELECT number, occurred_at FROM events WHERE number > ? ORDER BY number LIMIT ?',
      [seen, STEP],
    );
    const instants = rows.map(({ occurred_at }) => Number(occurred_at));
    // What a clock that was ahead has dated into the future does not hide the old events behind it.
    if (instants.every((instant) => instant >= before && instant <= now)) return null;
    const last = Number(rows.at(-1)!.number);
    // One without a position stays, so that the sequencer finds all that it has to count; and what a projection has not read.
    const { sql, parameters } = this.projections.readByAll;
    await this.unitOfWork.run(() =>
      changeRows(this.unitOfWork, `DELETE FROM events WHERE number > ? AND number <= ? AND occurred_at < ? AND position > 0 AND ${sql}`, [
        seen, last, before, ...parameters,
      ]),
    );
    return last;
  }
}
