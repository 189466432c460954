import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Clock } from '../../../kernel/clock.js';
import { LOGGER } from '../../../platform/observability/tokens.js';
import { JobQueue } from '../../../platform/queue/job-queue.js';
import { EndpointsRepository } from '../endpoints/endpoints.repository.js';
import { AttemptLog } from './attempt-log.js';
import { DeliveryClaims } from './delivery-claims.js';
import type { ClaimedDelivery } from './delivery-claims.js';
import { InFlight } from './in-flight.js';
import { PUMP_JOB } from './pump-job.js';
import { SendDelivery } from './send-delivery.js';
import type { Target } from './send-delivery.js';

/** Endpoints that are pumped at a time in one process. */
const CONCURRENT_PUMPS = 512;
/** Requests that one endpoint gets at a time. */
const MAX_RUNNING = 32;
/** Attempts whose end may still be waiting to be written down. */
const MAX_UNRECORDED = 512;
/** A claim begins with as many as run at once; a receiver that is quick is claimed for further ahead. */
const MAX_CLAIM = 512;
const QUICK_MS = 1000;
/** How soon is looked for more while requests are under way. */
const FIRST_LOOK_MS = 50;
const LAST_LOOK_MS = 1000;
/** How much longer than an attempt a claim holds: for the wait before it and the record after it. */
const LEASE_MARGIN_MS = 15_000;
const RECORD_MARGIN_MS = 3000;

/** Delivers what is due at one endpoint, until nothing is. One that hangs holds up nobody but itself. */
@Injectable()
export class PumpService implements OnApplicationBootstrap, OnModuleDestroy {
  private stopping = false;

  constructor(
    private readonly claims: DeliveryClaims,
    private readonly sending: SendDelivery,
    private readonly attempts: AttemptLog,
    private readonly endpoints: EndpointsRepository,
    private readonly queue: JobQueue,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.queue.handle(PUMP_JOB, (callbackId, signal) => this.pump(callbackId, signal), { concurrency: CONCURRENT_PUMPS });
  }

  onModuleDestroy(): void {
    this.stopping = true;
  }

  private async pump(callbackId: string, signal: AbortSignal): Promise<void> {
    const running = new InFlight();
    const unrecorded = new InFlight();
    try {
      await this.deliverAll(callbackId, running, unrecorded, signal);
    } finally {
      // Also after an error: a pump ends when its requests have. What is running adds its record when it ends.
      await running.below(1);
      await unrecorded.below(1);
    }
    if (!this.stopping) await this.comeBack(callbackId);
  }

  private async deliverAll(callbackId: string, running: InFlight, unrecorded: InFlight, signal: AbortSignal): Promise<void> {
    let claimSize = MAX_RUNNING;
    while (!this.stopping && !signal.aborted) {
      const endpoint = await this.endpoints.find(callbackId);
      if (endpoint === null || !endpoint.enabled) break;
      const target = this.sending.targetOf(endpoint);
      const claimed = await this.claims.claim(callbackId, claimSize, endpoint.timeout_ms + LEASE_MARGIN_MS);
      if (claimed.length === 0 && running.size === 0) break;
      const begun = this.clock.now();
      await this.sendAll(target, claimed, running, unrecorded, signal);
      claimSize = this.clock.now() - begun < QUICK_MS ? Math.min(claimSize * 2, MAX_CLAIM) : MAX_RUNNING;
      if (claimed.length < MAX_RUNNING) await this.waitForMore(callbackId, running, signal);
    }
  }

  /** A wake waits for the end of this pump, so while requests are under way it looks by itself, less and less often. */
  private async waitForMore(callbackId: string, running: InFlight, signal: AbortSignal): Promise<void> {
    for (let pauseMs = FIRST_LOOK_MS; running.size > 0 && !this.stopping && !signal.aborted; pauseMs = Math.min(pauseMs * 2, LAST_LOOK_MS)) {
      const before = running.size;
      await Promise.race([running.change(), delay(pauseMs)]);
      if (running.size < before || (await this.claims.hasDue(callbackId))) return;
    }
  }

  /** Returns when the last one has begun; what its claim no longer covers is given back. */
  private async sendAll(target: Target, claimed: ClaimedDelivery[], running: InFlight, unrecorded: InFlight, signal: AbortSignal): Promise<void> {
    for (const [index, delivery] of claimed.entries()) {
      await running.below(MAX_RUNNING);
      await unrecorded.below(MAX_UNRECORDED);
      const covered = delivery.claimedUntil - this.clock.now() >= target.endpoint.timeout_ms + RECORD_MARGIN_MS;
      if (this.stopping || signal.aborted || !covered) {
        await this.claims.release(claimed.slice(index));
        return;
      }
      running.add(this.attempt(target, delivery, unrecorded, signal));
    }
  }

  private async attempt(target: Target, delivery: ClaimedDelivery, unrecorded: InFlight, signal: AbortSignal): Promise<void> {
    const attempt = await this.sending.send(target, delivery, signal);
    const record = attempt === null ? this.claims.release([delivery]) : this.attempts.record(attempt);
    unrecorded.add(
      record.catch((error: unknown) => this.logger.error({ err: error, delivery: delivery.id }, 'an attempt could not be recorded; it will be made again')),
    );
  }

  private async comeBack(callbackId: string): Promise<void> {
    // A disabled endpoint keeps what is due; whoever enables it wakes a pump.
    const endpoint = await this.endpoints.find(callbackId);
    if (endpoint === null || !endpoint.enabled) return;
    const dueAt = await this.claims.nextDueAt(callbackId);
    if (dueAt !== null) this.queue.wakeAfter(PUMP_JOB, callbackId, Math.max(0, dueAt - this.clock.now()));
  }
}
