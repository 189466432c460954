import { Injectable } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { OutboundClient, OutboundError } from '../../../platform/outbound/outbound-client.js';
import type { OutboundResponse } from '../../../platform/outbound/outbound-client.js';
import type { EndpointEntity } from '../endpoints/endpoint.entity.js';
import { EndpointOpener } from '../endpoints/open-endpoint.js';
import type { OpenEndpoint } from '../endpoints/open-endpoint.js';
import type { Attempt, AttemptResult } from './attempt-log.js';
import type { ClaimedDelivery } from './delivery-claims.js';
import { retryDelayMs } from './retry-policy.js';
import type { FailedAttempt } from './retry-policy.js';

export type Target = OpenEndpoint;

/** Makes one attempt: signs, sends, and judges the answer. Never throws. */
@Injectable()
export class SendDelivery implements OnApplicationShutdown {
  constructor(
    private readonly client: OutboundClient,
    private readonly opener: EndpointOpener,
    private readonly clock: Clock,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await this.client.destroy();
  }

  targetOf(endpoint: EndpointEntity): Target {
    return this.opener.open(endpoint);
  }

  /** Null when it was aborted by `signal`: then it says nothing about the receiver. */
  async send(target: Target, delivery: ClaimedDelivery, signal: AbortSignal): Promise<Attempt | null> {
    const startedAt = this.clock.now();
    try {
      const response = await this.client.send({ ...target.requestFor(delivery.event, startedAt), signal });
      return this.answered(target, delivery, startedAt, response);
    } catch (error) {
      if (signal.aborted || (error instanceof OutboundError && error.code === 'aborted')) return null;
      return this.unanswered(target, delivery, startedAt, error);
    }
  }

  private answered(target: Target, delivery: ClaimedDelivery, startedAt: number, response: OutboundResponse): Attempt {
    const answer = target.format.judge(response.status, response.body);
    const failure = { statusCode: response.status, timedOut: false, retryAfter: response.headers['retry-after'] ?? null };
    const result: AttemptResult =
      answer.kind === 'delivered' ? { kind: 'succeeded' }
      : answer.kind === 'gone' ? { kind: 'discarded', gone: true }
      : this.retryOrExhaust(target, delivery, failure);
    return {
      delivery, startedAt, durationMs: response.durationMs, statusCode: response.status, errorClass: null, errorMessage: null,
      responseHeaders: response.headers, responseBody: response.body, result,
    };
  }

  private unanswered(target: Target, delivery: ClaimedDelivery, startedAt: number, error: unknown): Attempt {
    const errorClass = error instanceof OutboundError ? error.code : 'other';
    // An internal address stays internal: going through the whole schedule would help nobody.
    const hopeless = errorClass === 'address_forbidden' || (error instanceof OutboundError && error.permanent);
    const failure = { statusCode: null, timedOut: errorClass === 'timeout', retryAfter: null };
    return {
      delivery, startedAt, durationMs: Math.max(0, this.clock.now() - startedAt), statusCode: null,
      errorClass, errorMessage: error instanceof Error ? error.message : String(error), responseHeaders: null, responseBody: null,
      result: hopeless ? { kind: 'discarded', gone: false } : this.retryOrExhaust(target, delivery, failure),
    };
  }

  private retryOrExhaust({ endpoint }: Target, delivery: ClaimedDelivery, failure: FailedAttempt): AttemptResult {
    const now = this.clock.now();
    const state = { scheduleSeconds: endpoint.schedule_seconds, ownSchedule: endpoint.own_schedule, attempts: delivery.scheduleIndex + 1 };
    const delayMs = retryDelayMs(failure, state, now, Math.random());
    return delayMs === null ? { kind: 'exhausted' } : { kind: 'failed', nextAttemptAt: now + delayMs };
  }
}
