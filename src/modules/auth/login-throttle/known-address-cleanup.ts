import { Injectable } from '@nestjs/common';
import { Cleanup } from '../../../platform/leases/cleanup.js';
import { WorkerTimers } from '../../../platform/leases/worker-timers.js';
import { KnownAddresses } from './known-addresses.js';

/** Forgets from where nobody has logged in for a while. */
@Injectable()
export class KnownAddressCleanup extends Cleanup {
  constructor(addresses: KnownAddresses, timers: WorkerTimers) {
    super('known-address-cleanup', timers, (limit) => addresses.deleteExpired(limit));
  }
}
