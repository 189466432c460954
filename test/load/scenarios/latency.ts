import { startCallbackSink } from '../../support/callback-sink.js';
import { connectSocket } from '../../support/socket-client.js';
import type { Context } from '../harness/context.js';
import { Scope } from '../harness/scope.js';
import { API_KEY, registerCallback, startService } from '../harness/service.js';
import { arrivals, messageId, type Percentiles, spread, steadyPosts } from '../harness/steady-posts.js';

/** Milliseconds from sending the POST. */
export interface Latency {
  answer: Percentiles;
  socket: Percentiles;
  callback: Percentiles;
}

/** A constant rate, whatever the answers; sender, receiver and client are this process and share its clock. */
export function measureLatency(context: Context): Promise<Latency> {
  return Scope.run(async (scope) => {
    const env = await context.backing.createEnvironment(scope);
    const sink = await startCallbackSink();
    scope.defer(() => sink.close());
    const service = await startService(env, scope);
    const post = await steadyPosts(service.url, scope);
    await registerCallback(service.url, sink.url);
    const client = await connectSocket(service.url, API_KEY);
    scope.defer(() => client.close());

    const run = async (seconds: number): Promise<Latency> => {
      sink.clear();
      client.events.length = 0;
      const messages = await post(seconds);
      const callbacks = await arrivals(messages, () => sink.received.map(({ body, at }) => ({ id: messageId(body), at })));
      const events = await arrivals(messages, () => client.events.map(({ envelope, at }) => ({ id: messageId(envelope), at })));
      return {
        answer: spread(messages, (message) => message.answeredAt),
        socket: spread(messages, (message) => events.get(message.id)!),
        callback: spread(messages, (message) => callbacks.get(message.id)!),
      };
    };

    await run(3);
    const latency = await run(context.quick ? 5 : 20);
    context.log(`p99: answer ${latency.answer.p99.toFixed(1)}, socket ${latency.socket.p99.toFixed(1)}, callback ${latency.callback.p99.toFixed(1)} ms`);
    return latency;
  });
}
