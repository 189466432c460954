import type { EchoServer } from '../processes/echo-server.js';
import { arrivalOf, startSink } from '../harness/callbacks.js';
import { startChild } from '../harness/child.js';
import { sleep } from '../harness/clock.js';
import { closedLoop } from '../harness/closed-loop.js';
import type { Context } from '../harness/context.js';
import { count, interleave, type Share } from '../harness/measure.js';
import { Scope } from '../harness/scope.js';
import { openConversations, registerCallback, startService } from '../harness/service.js';

const CONNECTIONS = 64;

/** From the first POST to the arrival of the last callback, the worker running all the while. */
export function measureChain(context: Context): Promise<Share> {
  return Scope.run(async (scope) => {
    const env = await context.backing.createEnvironment(scope);
    const sink = await startSink(scope);
    const echo = await startChild<EchoServer>('echo-server');
    scope.defer(() => echo.stop());
    const echoUrl = await echo.call.listen();
    const service = await startService(env, scope);
    const { nextRequest } = await openConversations(service.url);
    await registerCallback(service.url, sink.url);

    const baseline = async (durationMs: number): Promise<number> => {
      const { perSecond } = await closedLoop({ url: echoUrl, connections: CONNECTIONS, durationMs, nextRequest });
      await sleep(300);
      return perSecond;
    };
    const subject = async (durationMs: number): Promise<number> => {
      await sink.child.call.reset(0);
      const posts = await closedLoop({ url: service.url, connections: CONNECTIONS, durationMs, nextRequest });
      const { lastAt } = await arrivalOf(posts.created, sink);
      const drainSeconds = Math.max(0, lastAt - posts.endedAt) / 1_000;
      context.log(`posted ${count(posts.perSecond)}/s, then ${drainSeconds.toFixed(1)} s until the last callback`);
      await sleep(300);
      return (posts.created / (lastAt - posts.startedAt)) * 1_000;
    };
    await baseline(1_000);
    await subject(context.quick ? 1_000 : 2_000);
    return await interleave({
      rounds: context.rounds,
      baseline: () => baseline(context.quick ? 1_000 : 3_000),
      subject: () => subject(context.quick ? 2_000 : 5_000),
      onRound: context.log,
    });
  });
}
