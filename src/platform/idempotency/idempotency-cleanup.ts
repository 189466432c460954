import { Cleanup } from '../leases/cleanup.js';
import type { WorkerTimers } from '../leases/worker-timers.js';
import type { IdempotencyKeys } from './idempotency-keys.js';

/** Deletes keys whose answer is no longer kept. */
export class IdempotencyCleanup extends Cleanup {
  constructor(keys: IdempotencyKeys, timers: WorkerTimers) {
    super('idempotency-cleanup', timers, (limit) => keys.deleteExpired(limit));
  }
}
