import { startCallbackSink } from '../../support/callback-sink.js';
import type { Context } from '../harness/context.js';
import { Scope } from '../harness/scope.js';
import { registerCallback, startService } from '../harness/service.js';
import { arrivals, messageId, type Percentiles, spread, steadyPosts } from '../harness/steady-posts.js';

/** Milliseconds from sending the POST to the callback of an endpoint that answers at once. */
export interface Fairness {
  alone: Percentiles;
  beside: Percentiles;
}

const WELL = '/well';
const HANGS = '/hangs';
const FAILS = '/fails';

/** The same endpoint at the same rate: alone, and beside one that never answers and one that always fails. */
export function measureFairness(context: Context): Promise<Fairness> {
  return Scope.run(async (scope) => {
    const env = await context.backing.createEnvironment(scope);
    const sink = await startCallbackSink({ answer: ({ path }) => (path === HANGS ? 'hang' : { status: path === FAILS ? 500 : 200 }) });
    scope.defer(() => sink.close());
    const service = await startService(env, scope);
    const post = await steadyPosts(service.url, scope);
    await registerCallback(service.url, sink.url, WELL);

    const run = async (seconds: number): Promise<Percentiles> => {
      sink.clear();
      const messages = await post(seconds);
      const callbacks = await arrivals(messages, () => sink.received.filter(({ path }) => path === WELL).map(({ body, at }) => ({ id: messageId(body), at })));
      return spread(messages, (message) => callbacks.get(message.id)!);
    };

    const seconds = context.quick ? 5 : 20;
    await run(3);
    const alone = await run(seconds);
    await registerCallback(service.url, sink.url, HANGS, { timeout_ms: 30_000 });
    await registerCallback(service.url, sink.url, FAILS, { retry: { schedule_seconds: [0, 0, 0, 1, 1, 3_600] } });
    await run(3);
    const beside = await run(seconds);
    context.log(`p99 alone ${alone.p99.toFixed(1)} ms, beside others that hang and fail ${beside.p99.toFixed(1)} ms`);
    return { alone, beside };
  });
}
