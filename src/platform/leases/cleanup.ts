import type { WorkerTimers } from './worker-timers.js';

const EVERY_MS = 5 * 60_000;
/** Deleted in one transaction: few enough that nobody waits for it. */
const BATCH = 500;

/** Deletes what nobody can ask for any more, from time to time and in small steps. */
export abstract class Cleanup {
  constructor(
    name: string,
    timers: WorkerTimers,
    /** Deletes as many at the most, and returns how many; fewer when no more are left. */
    private readonly deleteSome: (limit: number) => Promise<number>,
  ) {
    timers.every({ name, everyMs: EVERY_MS, leaseMs: EVERY_MS, failure: `${name} failed; the next try comes soon` }, (stopping) => this.run(stopping));
  }

  async run(stopping?: AbortSignal): Promise<void> {
    while (stopping?.aborted !== true && (await this.deleteSome(BATCH)) === BATCH);
  }
}
