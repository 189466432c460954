import { Webhook } from 'standardwebhooks';
import type { CallbackSink } from '../support/callback-sink.js';
import { createConversations, messageBody, type ApiClient, type Conversation } from './client.js';
import type { ScenarioReport } from './report.js';

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
  const percentile = (share: number): string => (latencies[Math.floor(latencies.length * share)] ?? NaN).toFixed(0);
  return {
    figures: {
      'endpoint on A, next message on B': `${latencies.length} of ${rounds} arrived`,
      'POST to callback in ms': `p50 ${percentile(0.5)}, p99 ${percentile(0.99)}`,
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
    const callback = await sink.waitFor(
      (request) => request.path === path && request.body?.data?.message_id === message.id,
      ARRIVAL_TIMEOUT_MS,
    );
    new Webhook(endpoint.secret).verify(callback.rawBody, callback.headers as Record<string, string>);
    return callback.at - postedAt;
  } finally {
    await a.call('DELETE', `/callbacks/${endpoint.id}`);
  }
}
