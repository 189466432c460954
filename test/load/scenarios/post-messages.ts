import type { EchoServer } from '../processes/echo-server.js';
import { startSink } from '../harness/callbacks.js';
import { startChild } from '../harness/child.js';
import { sleep } from '../harness/clock.js';
import { closedLoop } from '../harness/closed-loop.js';
import type { Context } from '../harness/context.js';
import { interleave, type Share } from '../harness/measure.js';
import { Scope } from '../harness/scope.js';
import { openConversations, registerCallback, startService } from '../harness/service.js';

const CONNECTIONS = 64;

/** POST /messages, each durable with its event and one planned delivery; nothing delivers. */
export function measurePosts(context: Context): Promise<Share> {
  return Scope.run(async (scope) => {
    const env = await context.backing.createEnvironment(scope);
    const sink = await startSink(scope);
    const echo = await startChild<EchoServer>('echo-server');
    scope.defer(() => echo.stop());
    const echoUrl = await echo.call.listen();
    const service = await startService({ ...env, ROLES: 'api' }, scope);
    const { nextRequest } = await openConversations(service.url);
    await registerCallback(service.url, sink.url);

    const load = async (url: string, durationMs: number): Promise<number> => {
      const { perSecond } = await closedLoop({ url, connections: CONNECTIONS, durationMs, nextRequest });
      await sleep(300);
      return perSecond;
    };
    await load(echoUrl, 1_000);
    await load(service.url, context.quick ? 1_000 : 3_000);
    return await interleave({
      rounds: context.rounds,
      baseline: () => load(echoUrl, context.quick ? 1_000 : 3_000),
      subject: () => load(service.url, context.quick ? 2_000 : 6_000),
      onRound: context.log,
    });
  });
}
