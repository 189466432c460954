import { Injectable } from '@nestjs/common';
import { Cleanup } from '../../../platform/leases/cleanup.js';
import { WorkerTimers } from '../../../platform/leases/worker-timers.js';
import { PayloadStore } from './payload-store.js';

/** Deletes tokens, codes and log-ins of the authorization server that have expired. */
@Injectable()
export class OauthPayloadCleanup extends Cleanup {
  constructor(payloads: PayloadStore, timers: WorkerTimers) {
    super('oauth-payload-cleanup', timers, (limit) => payloads.deleteExpired(limit));
  }
}
