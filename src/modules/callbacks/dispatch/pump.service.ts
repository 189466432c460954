import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Clock } from '../../../kernel/clock.js';
import { LOGGER } from '../../../platform/observability/tokens.js';
import { JobQueue } from '../../../platform/queue/job-queue.js';
import type { EndpointEntity } from '../endpoints/endpoint.entity.js';
import { AttemptLog } from './attempt-log.js';
import { DeliveryClaims } from './delivery-claims.js';
import type { ClaimedDelivery } from './delivery-claims.js';
import { isFree, rulesOf } from './dispatch-rules.js';
import { DueDeliveries } from './due-deliveries.js';
import { EndpointHealth } from './endpoint-health.js';
import { EndpointLookup } from './endpoint-lookup.js';
import { groupBy } from './group-by.js';
import { InFlight } from './in-flight.js';
import { PUMP_JOB } from './pump-job.js';
import { RequestPlaces } from './request-places.js';
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

/** How old what is known of an endpoint may be when a request begins. */
const LOOK_AGAIN_MS = 100;

/** What one pump has under way. */
interface Run {
  running: InFlight;
  unrecorded: InFlight;
  signal: AbortSignal;
  /** The receiver has said that it wants nothing more: once that is recorded the endpoint is another, or disabled. */
  refused: boolean;
}

/** Delivers what is due at one endpoint, until nothing is. One that hangs holds up nobody but itself. */
@Injectable()
export class PumpService implements OnApplicationBootstrap, OnModuleDestroy {
  private stopping = false;
  private readonly places = new RequestPlaces();

  constructor(
    private readonly claims: DeliveryClaims,
    private readonly due: DueDeliveries,
    private readonly health: EndpointHealth,
    private readonly sending: SendDelivery,
    private readonly attempts: AttemptLog,
    private readonly endpoints: EndpointLookup,
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
    const run: Run = { running: new InFlight(), unrecorded: new InFlight(), signal, refused: false };
    try {
      await this.deliverAll(callbackId, run);
    } finally {
      // Also after an error: a pump ends when its requests have. What is running adds its record when it ends.
      await run.running.below(1);
      await run.unrecorded.below(1);
    }
    if (!this.stopping) await this.comeBack(callbackId);
  }

  private async deliverAll(callbackId: string, run: Run): Promise<void> {
    const { running, unrecorded, signal } = run;
    let claimSize = MAX_RUNNING;
    let ahead: Promise<ClaimedDelivery[]> | null = null;
    try {
      while (!this.stopping && !signal.aborted) {
        const endpoint = await this.endpoints.find(callbackId);
        if (endpoint === null || !endpoint.enabled) break;
        if (endpoint.suspended_until !== null) {
          ahead = await this.giveBack(ahead);
          if (await this.probe(endpoint, run)) continue;
          break;
        }
        const rules = rulesOf(endpoint);
        const target = this.sending.targetOf(endpoint);
        const claim = (limit: number): Promise<ClaimedDelivery[]> => this.claims.claim(callbackId, limit, endpoint.timeout_ms + LEASE_MARGIN_MS, rules);
        // Of one that fails no more is claimed than runs at once: the rest is there when it is suspended.
        const limited = endpoint.failing_since !== null || rules.rateLimit !== null;
        const claimed = requestsOf(await (ahead ?? claim(limited ? await freePlaces(running) : claimSize)));
        ahead = null;
        if (claimed.length === 0 && running.size === 0 && (isFree(rules) || unrecorded.size === 0)) break;
        if (claimSize > MAX_RUNNING && claimed.length >= MAX_RUNNING && !limited && isFree(rules)) {
          ahead = claim(claimSize);
          // Looked at when its turn comes.
          ahead.catch(() => undefined);
        }
        const begun = this.clock.now();
        await this.sendAll(target, claimed, run);
        claimSize = this.clock.now() - begun < QUICK_MS ? Math.min(claimSize * 4, MAX_CLAIM) : MAX_RUNNING;
        if (claimed.length < MAX_RUNNING) await this.waitForMore(endpoint, run);
      }
    } finally {
      await this.giveBack(ahead);
    }
  }

  private async giveBack(claim: Promise<ClaimedDelivery[]> | null): Promise<null> {
    if (claim !== null) await this.claims.release(await claim);
    return null;
  }

  /**
   * When a suspension is over one worker sends one request; its end, which is recorded here, ends or prolongs the
   * suspension. False when there is nothing to do but wait.
   */
  private async probe(endpoint: EndpointEntity, run: Run): Promise<boolean> {
    const readyAt = await this.due.nextReadyAt(endpoint);
    if (readyAt === null || readyAt > this.clock.now()) return false;
    const leaseMs = endpoint.timeout_ms + LEASE_MARGIN_MS;
    const until = this.clock.now() + leaseMs;
    if (!(await this.health.beginProbe(endpoint, until))) return false;
    const [deliveries] = requestsOf(await this.claims.claim(endpoint.id, 1, leaseMs, rulesOf(endpoint)));
    if (deliveries !== undefined && (await this.attempt(this.sending.targetOf(endpoint), deliveries, run, until))) {
      await run.unrecorded.below(1);
      return true;
    }
    await this.health.endProbe(endpoint, until);
    return false;
  }

  /** A wake waits for the end of this pump, so while requests are under way it looks by itself, less and less often. */
  private async waitForMore(endpoint: EndpointEntity, { running, unrecorded, signal }: Run): Promise<void> {
    const free = isFree(rulesOf(endpoint));
    // Under rules it is the record of an attempt that lets others go, and not its end.
    const underWay = (): number => running.size + (free ? 0 : unrecorded.size);
    for (let pauseMs = FIRST_LOOK_MS; underWay() > 0 && !this.stopping && !signal.aborted; pauseMs = Math.min(pauseMs * 2, LAST_LOOK_MS)) {
      const before = underWay();
      await Promise.race([running.change(), ...(free ? [] : [unrecorded.change()]), delay(pauseMs)]);
      if (underWay() < before || (await this.isReady(endpoint))) return;
    }
  }

  private async isReady(endpoint: EndpointEntity): Promise<boolean> {
    if (isFree(rulesOf(endpoint))) return this.due.hasDue(endpoint.id);
    const current = await this.endpoints.find(endpoint.id);
    const readyAt = current === null ? null : await this.due.nextReadyAt(current);
    return readyAt !== null && readyAt <= this.clock.now();
  }

  /**
   * Returns when the last one has begun. Given back is what its claim no longer covers, and all the rest when the endpoint
   * wants nothing for now; one that was changed gets the rest as it is.
   */
  private async sendAll(first: Target, claimed: ClaimedDelivery[][], run: Run): Promise<void> {
    const { running, unrecorded, signal } = run;
    let target: Target | null = first;
    let lookedAt = performance.now();
    for (const [index, deliveries] of claimed.entries()) {
      await running.below(MAX_RUNNING);
      await unrecorded.below(MAX_UNRECORDED);
      const place = running.size === 0 ? null : await this.places.take(() => running.below(1));
      if (run.refused || performance.now() - lookedAt > LOOK_AGAIN_MS) {
        target = await this.lookAgain(first.endpoint.id, run);
        lookedAt = performance.now();
      }
      if (target === null || this.stopping || signal.aborted || !this.covers(deliveries[0]!, target)) {
        if (place !== null) this.places.giveBack(place);
        await this.claims.release(claimed.slice(index).flat());
        return;
      }
      const attempt = this.attempt(target, deliveries, run).then(() => place === null || this.places.giveBack(place));
      running.add(attempt);
    }
  }

  /** The endpoint as it is now; null when nothing is to be sent to it. */
  private async lookAgain(callbackId: string, run: Run): Promise<Target | null> {
    if (run.refused) await run.unrecorded.below(1);
    run.refused = false;
    const endpoint = await this.endpoints.find(callbackId);
    return endpoint === null || !endpoint.enabled || endpoint.suspended_until !== null ? null : this.sending.targetOf(endpoint);
  }

  private covers({ claimedUntil }: ClaimedDelivery, { endpoint }: Target): boolean {
    return claimedUntil - this.clock.now() >= endpoint.timeout_ms + RECORD_MARGIN_MS;
  }

  /** False when it was cut off. */
  private async attempt(target: Target, deliveries: ClaimedDelivery[], run: Run, probeUntil?: number): Promise<boolean> {
    const attempts = await this.sending.send(target, deliveries, run.signal, probeUntil);
    const record = attempts === null ? this.claims.release(deliveries) : this.attempts.record(...attempts);
    run.unrecorded.add(
      record.catch((error: unknown) => this.logger.error({ err: error, delivery: deliveries[0]!.id }, 'an attempt could not be recorded; it will be made again')),
    );
    if (attempts?.[0]?.result.kind === 'discarded') run.refused = true;
    return attempts !== null;
  }

  private async comeBack(callbackId: string): Promise<void> {
    // A disabled endpoint keeps what is due; whoever enables it wakes a pump.
    const endpoint = await this.endpoints.find(callbackId);
    if (endpoint === null || !endpoint.enabled || (await this.health.disableIfHopeless(endpoint))) return;
    const readyAt = await this.due.nextReadyAt(endpoint);
    if (readyAt !== null) this.queue.wakeAfter(PUMP_JOB, callbackId, Math.max(0, readyAt - this.clock.now()));
  }
}

async function freePlaces(running: InFlight): Promise<number> {
  await running.below(MAX_RUNNING);
  return MAX_RUNNING - running.size;
}

/** What goes in one request: all of a batch, or one delivery. */
function requestsOf(claimed: readonly ClaimedDelivery[]): ClaimedDelivery[][] {
  return [...groupBy(claimed, ({ batchId, id }) => batchId ?? id).values()];
}
