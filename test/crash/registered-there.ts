import { Webhook } from 'standardwebhooks';
import type { CallbackSink } from '../support/callback-sink.js';
import { createConversations, messageBody, type ApiClient, type Conversation } from './client.js';
import { percentile, type ScenarioReport } from './report.js';

export interface Instances {
  a: ApiClient;
  b: ApiClient;
  sink: CallbackSink;
}

const LANES = 8;
const ARRIVAL_TIMEOUT_MS = 15_000;

/** Again and again: an endpoint is registered on A, and the very next message that B takes must reach it. */
export async function registeredThere(
  instances: Instances,
  rounds: number,
  progress: (line: string) => void,
): Promise<ScenarioReport> {
  const conversations = await createConversations(instances.b, LANES);
  const violations: string[] = [];
  const latencies: number[] = [];
  let next = 0;
  const lane = async (conversation: Conversation): Promise<void> => {
    while (next < rounds) {
      const round = next++;
      try {
        latencies.push(await oneRound(instances, conversation, round));
      } catch (error) {
        violations.push(`round ${round}: ${(error as Error).message}`);
      }
      progress(`endpoint on A, message on B: ${latencies.length} of ${rounds} arrived`);
    }
  };
  await Promise.all(conversations.map(lane));
  latencies.sort((x, y) => x - y);
  return {
    figures: {
      'endpoint on A, next message on B': `${latencies.length} of ${rounds} arrived`,
      'POST to callback in ms': `p50 ${percentile(latencies, 0.5)}, p99 ${percentile(latencies, 0.99)}`,
    },
    violations,
  };
}

/** Answers the milliseconds from the POST on B to the callback at the endpoint that A has just answered. */
async function oneRound({ a, b, sink }: Instances, conversation: Conversation, round: number): Promise<number> {
  const path = `/round-${round}`;
  const endpoint = await a.call('POST', '/callbacks', { url: `${sink.url}${path}`, events: ['message.received'] });
  const body = messageBody(conversation, `round-${round}`);
  const postedAt = performance.timeOrigin + performance.now();
  try {
    const message = await b.call('POST', '/messages', body);
    const callback = await sink
      .waitFor((request) => request.path === path && request.body?.data?.message_id === message.id, ARRIVAL_TIMEOUT_MS)
      .catch((error) => blame(a, endpoint.id, message.id, error));
    new Webhook(endpoint.secret).verify(callback.rawBody, callback.headers as Record<string, string>);
    return callback.at - postedAt;
  } finally {
    await a.call('DELETE', `/callbacks/${endpoint.id}`);
  }
}

/** Never planned, or planned and not sent: the two are different mistakes. */
async function blame(client: ApiClient, endpointId: string, messageId: string, error: Error): Promise<never> {
  const deliveries = await client.listAll(`/callbacks/${endpointId}/deliveries`);
  for (const delivery of deliveries) {
    const event = await client.call('GET', `/events/${delivery.event_id}`);
    if (event.data.message_id === messageId) throw new Error(`${error.message} Its delivery: ${JSON.stringify(delivery)}`);
  }
  throw new Error(`${error.message} No delivery was planned; the endpoint has ${deliveries.length} others.`);
}
