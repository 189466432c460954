import { Injectable } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { OutboundClient, OutboundError } from '../../../platform/outbound/outbound-client.js';
import type { OutboundRequest, OutboundResponse } from '../../../platform/outbound/outbound-client.js';
import type { EndpointEntity } from '../endpoints/endpoint.entity.js';
import { EndpointOpener } from '../endpoints/open-endpoint.js';
import type { OpenEndpoint } from '../endpoints/open-endpoint.js';
import { AttemptMetrics } from '../stats/attempt-metrics.js';
import type { Attempt, AttemptResult } from './attempt.js';
import type { ClaimedDelivery } from './delivery-claims.js';
import { retryDelayMs } from './retry-policy.js';
import type { FailedAttempt } from './retry-policy.js';

export type Target = OpenEndpoint;

/** How a request ended, which is how the attempts of all its deliveries did. */
type End = Omit<Attempt, 'delivery' | 'startedAt' | 'probeUntil'>;

const AT_ONCE_MS = 1000;

/** Makes one attempt: signs, sends, and judges the answer. Never throws. */
@Injectable()
export class SendDelivery implements OnApplicationShutdown {
  constructor(
    private readonly client: OutboundClient,
    private readonly opener: EndpointOpener,
    private readonly metrics: AttemptMetrics,
    private readonly clock: Clock,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await this.client.destroy();
  }

  targetOf(endpoint: EndpointEntity): Target {
    return this.opener.open(endpoint);
  }

  /**
   * One request for one delivery or for all of a batch, which share its end. Null when it was aborted by `signal`: then it
   * says nothing about the receiver.
   */
  async send(target: Target, deliveries: readonly ClaimedDelivery[], signal: AbortSignal, probeUntil?: number): Promise<Attempt[] | null> {
    const startedAt = this.clock.now();
    const end = await this.endOf(target, deliveries, startedAt, signal);
    if (end === null) return null;
    this.metrics.note({ format: target.format.name, outcome: end.result.kind, durationMs: end.durationMs, deliveries: deliveries.length });
    return deliveries.map((delivery) => ({ delivery, startedAt, probeUntil, ...end }));
  }

  private async endOf(target: Target, deliveries: readonly ClaimedDelivery[], startedAt: number, signal: AbortSignal): Promise<End | null> {
    // Members of a batch may have been tried before they were one: none loses what its schedule still gives it.
    const made = Math.min(...deliveries.map(({ scheduleIndex }) => scheduleIndex));
    const begunAt = performance.now();
    try {
      const request = { signal, ...requestFor(target, deliveries, startedAt) };
      return this.answered(target, made, await this.sendOnce(request).catch((error: unknown) => this.sendAgain(request, made, error)));
    } catch (error) {
      if (signal.aborted || (error instanceof OutboundError && error.code === 'aborted')) return null;
      return this.unanswered(target, made, Math.round(performance.now() - begunAt), error);
    }
  }

  private sendOnce(request: OutboundRequest): Promise<OutboundResponse> {
    return this.client.send(request);
  }

  /**
   * A receiver that is just restarting refuses for a moment: when the first attempt cannot even connect, and knows so at
   * once, it connects a second time. Nothing was sent, so it is still one attempt. So it is when a connection that was kept
   * turns out to be closed by the receiver: to keep it was our choice.
   */
  private async sendAgain(request: OutboundRequest, made: number, error: unknown): Promise<OutboundResponse> {
    if (!(error instanceof OutboundError) || error.durationMs >= AT_ONCE_MS || request.signal?.aborted === true) throw error;
    const refused = error.code === 'connect' && made === 0;
    if (!refused && !error.stale) throw error;
    return this.sendOnce({ ...request, timeoutMs: request.timeoutMs - error.durationMs, anew: true });
  }

  private answered(target: Target, made: number, response: OutboundResponse): End {
    const answer = target.format.judge(response.status, response.body);
    const failure = { statusCode: response.status, timedOut: false, retryAfter: response.headers['retry-after'] ?? null };
    const result: AttemptResult =
      answer.kind === 'delivered' ? { kind: 'succeeded' }
      : answer.kind === 'gone' ? { kind: 'discarded', gone: true, url: target.endpoint.url }
      : this.retryOrExhaust(target, made, failure);
    // Whoever looks at the attempts later has the status only, and cannot ask the format again.
    const rejected = answer.kind !== 'delivered' && response.status >= 200 && response.status < 300;
    return {
      durationMs: response.durationMs, statusCode: response.status, errorClass: rejected ? 'rejected' : null,
      errorMessage: rejected ? 'The answer is none that this format takes for success.' : null,
      responseHeaders: response.headers, responseBody: response.body, result,
    };
  }

  private unanswered(target: Target, made: number, durationMs: number, error: unknown): End {
    const errorClass = error instanceof OutboundError ? error.code : 'other';
    // An internal address stays internal: going through the whole schedule would help nobody.
    const hopeless = errorClass === 'address_forbidden' || (error instanceof OutboundError && error.permanent);
    const failure = { statusCode: null, timedOut: errorClass === 'timeout', retryAfter: null };
    return {
      durationMs, statusCode: null, errorClass, errorMessage: error instanceof Error ? error.message : String(error), responseHeaders: null, responseBody: null,
      result: hopeless ? { kind: 'discarded', gone: false, url: target.endpoint.url } : this.retryOrExhaust(target, made, failure),
    };
  }

  private retryOrExhaust({ endpoint }: Target, made: number, failure: FailedAttempt): AttemptResult {
    const now = this.clock.now();
    const state = { scheduleSeconds: endpoint.schedule_seconds, ownSchedule: endpoint.own_schedule, attempts: made + 1 };
    const delayMs = retryDelayMs(failure, state, now, Math.random());
    return delayMs === null ? { kind: 'exhausted' } : { kind: 'failed', nextAttemptAt: now + delayMs };
  }
}

function requestFor(target: Target, deliveries: readonly ClaimedDelivery[], at: number): OutboundRequest {
  const { batchId, event } = deliveries[0]!;
  return batchId === null ? target.requestFor(event, at) : target.requestForBatch(batchId, deliveries.map((delivery) => delivery.event), at);
}
