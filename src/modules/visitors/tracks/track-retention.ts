import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { Config } from '../../../platform/config/config.js';
import { deleteSome } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { Cleanup } from '../../../platform/leases/cleanup.js';
import { WorkerTimers } from '../../../platform/leases/worker-timers.js';

/** Deletes what was noted of visitors when the time for which events are kept is over. */
@Injectable()
export class TrackRetention extends Cleanup {
  constructor(unitOfWork: UnitOfWork, config: Config, clock: Clock, timers: WorkerTimers) {
    super('visitor-tracks', timers, (limit) =>
      deleteSome(unitOfWork, { table: 'visitor_tracks', key: 'id', where: 'created_at < ?', parameters: [clock.now() - config.eventRetentionMs] }, limit));
  }
}
