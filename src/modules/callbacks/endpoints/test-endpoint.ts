import { Injectable } from '@nestjs/common';
import { Clock, toInstant } from '../../../kernel/clock.js';
import { invalidField } from '../../../kernel/domain-error.js';
import type { EventType } from '../../../kernel/domain-event.js';
import { newId } from '../../../kernel/ids.js';
import type { Principal } from '../../../kernel/principal.js';
import { Beforehand } from '../../../platform/idempotency/beforehand.js';
import { OutboundClient, OutboundError } from '../../../platform/outbound/outbound-client.js';
import type { OutboundResponse } from '../../../platform/outbound/outbound-client.js';
import { EndpointRules } from './endpoint-rules.js';
import { EndpointsRepository } from './endpoints.repository.js';
import type { TestEndpointDto } from './endpoints.dto.js';
import type { EndpointTestView } from './endpoints.view.dto.js';
import { EVENT_EXAMPLES } from './event-examples.js';
import { EndpointOpener } from './open-endpoint.js';
import type { OpenEndpoint } from './open-endpoint.js';

/** Lets a receiver tell an example from what has happened, without a difference in what it has to read. */
const TEST_HEADER = { 'webhook-test': 'true' };

type Outcome = Pick<EndpointTestView, 'success' | 'duration_ms' | 'status' | 'error_class' | 'error_message' | 'response_headers' | 'response_body'>;

/** Sends an example at once, signed and formatted as the real thing. It is no delivery: nothing is stored, tried again or disabled for it. */
@Injectable()
export class TestEndpoint {
  constructor(
    private readonly endpoints: EndpointsRepository,
    private readonly rules: EndpointRules,
    private readonly opener: EndpointOpener,
    private readonly client: OutboundClient,
    private readonly beforehand: Beforehand,
    private readonly clock: Clock,
  ) {}

  async test(principal: Principal, id: string, { event }: TestEndpointDto): Promise<EndpointTestView> {
    const endpoint = await this.endpoints.get(principal, id);
    // Whoever registered it may be there no more.
    this.rules.formatNamed(endpoint.format);
    const target = this.opener.open(endpoint);
    if (target.format.events?.includes(event) === false) {
      throw invalidField('event', 'not_for_format', `The format ${target.format.name} has no words for ${event}.`);
    }
    return this.beforehand.do('callback test', () => this.send(target, event));
  }

  private async send(target: OpenEndpoint, type: EventType): Promise<EndpointTestView> {
    const now = this.clock.now();
    const event = { id: newId('event'), type, occurredAt: now, dataJson: JSON.stringify(EVENT_EXAMPLES[type]) };
    // As it would come: whoever gets batches reads an array.
    const request = target.endpoint.batch === null ? target.requestFor(event, now) : target.requestForBatch(newId('batch'), [event], now);
    const outcome = await this.client
      // In a group of its own, so that it does not wait for requests that hang.
      .send({ ...request, headers: { ...request.headers, ...TEST_HEADER }, group: `test of ${target.endpoint.id}` })
      .then((response) => answered(target, response), unanswered);
    return { event_id: event.id, event: type, time: toInstant(now), ...outcome };
  }
}

function answered({ format }: OpenEndpoint, { status, headers, body, durationMs }: OutboundResponse): Outcome {
  return {
    success: format.judge(status, body).kind === 'delivered', duration_ms: durationMs, status, error_class: null, error_message: null,
    response_headers: headers, response_body: body.toString('utf8'),
  };
}

function unanswered(error: unknown): Outcome {
  if (!(error instanceof OutboundError)) throw error;
  return {
    success: false, duration_ms: error.durationMs, status: null, error_class: error.code, error_message: error.message,
    response_headers: null, response_body: null,
  };
}
