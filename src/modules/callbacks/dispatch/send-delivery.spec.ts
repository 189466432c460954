import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SystemClock } from '../../../kernel/clock.js';
import { AddressGuard } from '../../../platform/outbound/address-guard.js';
import { Metrics } from '../../../platform/observability/metrics.js';
import { OutboundClient } from '../../../platform/outbound/outbound-client.js';
import type { EndpointEntity } from '../endpoints/endpoint.entity.js';
import { newSecret } from '../endpoints/endpoint-secret.js';
import type { EndpointOpener } from '../endpoints/open-endpoint.js';
import { OpenEndpoint } from '../endpoints/open-endpoint.js';
import { WebhookSigner } from '../endpoints/webhook-signer.js';
import { NativeFormat } from '../formats/native.format.js';
import { AttemptMetrics } from '../stats/attempt-metrics.js';
import type { ClaimedDelivery } from './delivery-claims.js';
import { SendDelivery } from './send-delivery.js';

const LISTENS = '127.0.0.2';
const REFUSES = '127.0.0.3';

describe('a first attempt', () => {
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    request.resume();
    // Each attempt has to connect for itself.
    response.setHeader('connection', 'close').end();
  });
  /** The addresses that the receiver's name has, one answer after the other. */
  let answers: string[] = [];
  let asked = 0;
  const client = new OutboundClient({
    guard: new AddressGuard(['127.0.0.0/8']),
    resolve: async () => {
      asked += 1;
      return [{ address: answers.shift() ?? REFUSES }];
    },
  });
  const sending = new SendDelivery(client, null as unknown as EndpointOpener, new AttemptMetrics(new Metrics()), new SystemClock());
  const signal = new AbortController().signal;
  let target: OpenEndpoint;

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, LISTENS, resolve));
    const url = `http://receiver.test:${(server.address() as AddressInfo).port}`;
    const endpoint = { id: 'cbk_1', organization_id: 'org_1', url, timeout_ms: 5000, schedule_seconds: [0, 60, 60], own_schedule: true } as EndpointEntity;
    target = new OpenEndpoint(endpoint, new NativeFormat(), {}, {}, new WebhookSigner('hmac', newSecret('hmac'), []));
  });

  afterAll(async () => {
    await client.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  const send = async (scheduleIndex: number, addresses: string[]) => {
    answers = addresses;
    asked = 0;
    requests = 0;
    const event = { id: 'evt_1', type: 'visitor.created', occurredAt: 0, dataJson: '{}' };
    const delivery = { id: 'dlv_1', callbackId: 'cbk_1', organizationId: 'org_1', event, scheduleIndex, batchId: null } as ClaimedDelivery;
    const attempts = await sending.send(target, [delivery], signal);
    expect(attempts).toHaveLength(1);
    return { attempt: attempts![0]!, asked, requests };
  };

  it('that cannot connect connects once more at once, and is one attempt', async () => {
    expect(await send(0, [REFUSES, LISTENS])).toMatchObject({ asked: 2, requests: 1, attempt: { statusCode: 200, errorClass: null, result: { kind: 'succeeded' } } });
  });

  it('connects no third time', async () => {
    expect(await send(0, [REFUSES, REFUSES, LISTENS])).toMatchObject({ asked: 2, requests: 0, attempt: { statusCode: null, errorClass: 'connect', result: { kind: 'failed' } } });
  });

  it('is followed by others that connect once', async () => {
    expect(await send(1, [REFUSES, LISTENS])).toMatchObject({ asked: 1, requests: 0, attempt: { errorClass: 'connect', result: { kind: 'failed' } } });
  });
});
