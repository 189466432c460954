import { Injectable } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { Cipher } from '../../../platform/crypto/cipher.js';
import { OutboundClient, OutboundError } from '../../../platform/outbound/outbound-client.js';
import type { OutboundResponse } from '../../../platform/outbound/outbound-client.js';
import { secretKeyOf } from '../endpoints/endpoint-secret.js';
import type { EndpointEntity } from '../endpoints/endpoint.entity.js';
import { HEADERS_PURPOSE, SECRET_PURPOSE } from '../endpoints/endpoint-purposes.js';
import type { CallbackFormat } from '../formats/callback-format.js';
import { CallbackFormats } from '../formats/formats.js';
import type { Attempt, AttemptResult } from './attempt-log.js';
import type { ClaimedDelivery } from './delivery-claims.js';
import { retryDelayMs } from './retry-policy.js';
import type { FailedAttempt } from './retry-policy.js';

/** An endpoint with its secrets readable, for the time of one pump. */
export interface Target {
  endpoint: EndpointEntity;
  format: CallbackFormat;
  secretKey: Buffer;
  headers: Record<string, string>;
}

const USER_AGENT = 'crossdesk';

/** Makes one attempt: signs, sends, and judges the answer. Never throws. */
@Injectable()
export class SendDelivery implements OnApplicationShutdown {
  constructor(
    private readonly client: OutboundClient,
    private readonly formats: CallbackFormats,
    private readonly cipher: Cipher,
    private readonly clock: Clock,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await this.client.destroy();
  }

  targetOf(endpoint: EndpointEntity): Target {
    return {
      endpoint,
      format: this.formats.get(endpoint.format),
      secretKey: secretKeyOf(this.cipher.decrypt(endpoint.secret, SECRET_PURPOSE)),
      headers: JSON.parse(this.cipher.decrypt(endpoint.headers, HEADERS_PURPOSE)) as Record<string, string>,
    };
  }

  /** Null when it was aborted by `signal`: then it says nothing about the receiver. */
  async send(target: Target, delivery: ClaimedDelivery, signal: AbortSignal): Promise<Attempt | null> {
    const startedAt = this.clock.now();
    const { body, headers } = target.format.build(delivery.event, target.secretKey, startedAt);
    try {
      const response = await this.client.send({
        url: target.endpoint.url,
        method: 'POST',
        headers: { 'user-agent': USER_AGENT, ...target.headers, ...headers },
        body,
        timeoutMs: target.endpoint.timeout_ms,
        signal,
        group: target.endpoint.id,
      });
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
