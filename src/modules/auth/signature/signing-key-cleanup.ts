import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { Cleanup } from '../../../platform/leases/cleanup.js';
import { WorkerTimers } from '../../../platform/leases/worker-timers.js';
import { KEPT_MS } from '../applications/key-lifetime.js';
import { SigningKeysRepository } from './signing-keys.repository.js';

/** Deletes keys that ended a month ago: until then one can see which key it was that somebody still uses. */
@Injectable()
export class SigningKeyCleanup extends Cleanup {
  constructor(keys: SigningKeysRepository, clock: Clock, timers: WorkerTimers) {
    super('signing-key-cleanup', timers, (limit) => keys.deleteEnded(clock.now() - KEPT_MS, limit));
  }
}
