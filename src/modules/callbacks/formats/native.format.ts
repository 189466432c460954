import { createHmac } from 'node:crypto';
import { toUnixSeconds } from '../../../kernel/clock.js';
import type { Answer, CallbackFormat, SignedRequest, StoredEvent } from './callback-format.js';

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** The envelope of our own, signed as Standard Webhooks 1.0 says: the id stays over retries, the timestamp is the attempt's. */
export class NativeFormat implements CallbackFormat {
  readonly name = 'native';
  readonly defaultSchedule = [0, 5, 30, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR];

  build(event: StoredEvent, secretKey: Buffer, attemptAt: number): SignedRequest {
    const body = `{"id":"${event.id}","event":"${event.type}","timestamp":${toUnixSeconds(event.occurredAt)},"data":${event.dataJson}}`;
    const timestamp = String(toUnixSeconds(attemptAt));
    const signature = createHmac('sha256', secretKey).update(`${event.id}.${timestamp}.${body}`).digest('base64');
    return {
      body,
      headers: {
        'content-type': 'application/json',
        'webhook-id': event.id,
        'webhook-timestamp': timestamp,
        'webhook-signature': `v1,${signature}`,
      },
    };
  }

  judge(status: number): Answer {
    if (status >= 200 && status < 300) return { kind: 'delivered' };
    return { kind: status === 410 ? 'gone' : 'failed' };
  }
}
