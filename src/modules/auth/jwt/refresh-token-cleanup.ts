import { Injectable } from '@nestjs/common';
import { Cleanup } from '../../../platform/leases/cleanup.js';
import { WorkerTimers } from '../../../platform/leases/worker-timers.js';
import { RefreshTokens } from './refresh-tokens.js';

/** Deletes expired refresh tokens, and with the last one of a log-in all that was known of it. */
@Injectable()
export class RefreshTokenCleanup extends Cleanup {
  constructor(tokens: RefreshTokens, timers: WorkerTimers) {
    super('refresh-token-cleanup', timers, (limit) => tokens.deleteExpired(limit));
  }
}
