import { Injectable } from '@nestjs/common';
import { WorkerTimers } from '../../platform/leases/worker-timers.js';
import { Sequencer } from '../../platform/outbox/sequencer.js';

const EVERY_MS = 1000;
const TASK = {
  name: 'sequencer', everyMs: EVERY_MS, leaseMs: 5 * EVERY_MS, failure: 'events could not be given their positions; the next try comes soon',
};

/** Gives positions also while nobody reads, so that the next reader finds little left to do. */
@Injectable()
export class SequencerTimer {
  constructor(sequencer: Sequencer, timers: WorkerTimers) {
    timers.every(TASK, () => sequencer.sequenceAll());
  }
}
