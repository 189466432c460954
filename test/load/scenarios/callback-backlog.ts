import type { CallbackSender } from '../processes/callback-sender.js';
import type { SinkStats } from '../processes/callback-sink.js';
import { arrivalOf, startSink } from '../harness/callbacks.js';
import { startChild } from '../harness/child.js';
import { sleep } from '../harness/clock.js';
import { closedLoop } from '../harness/closed-loop.js';
import type { Context } from '../harness/context.js';
import { count, interleave, type Share } from '../harness/measure.js';
import { Scope } from '../harness/scope.js';
import { type Desk, openConversations, registerCallback, startService } from '../harness/service.js';

const CONNECTIONS = 64;

/**
 * A process without the worker fills the table, a process with nothing but the worker empties it. The baseline sends
 * the same callback, as often and over as many connections as the receiver has seen. Both processes are new each time.
 */
export function measureBacklog(context: Context): Promise<Share> {
  return Scope.run(async (scope) => {
    const env = await context.backing.createEnvironment(scope);
    const sink = await startSink(scope);
    let desk: Desk | undefined;

    const fill = (messages: number): Promise<void> =>
      Scope.run(async (inner) => {
        const api = await startService({ ...env, ROLES: 'api' }, inner);
        if (desk === undefined) {
          desk = await openConversations(api.url);
          await registerCallback(api.url, sink.url);
        }
        await closedLoop({ url: api.url, connections: CONNECTIONS, count: messages, nextRequest: desk.nextRequest });
      });
    const subject = async (messages: number): Promise<SinkStats> => {
      await fill(messages);
      await sink.child.call.reset();
      return await Scope.run(async (inner) => {
        await startService({ ...env, ROLES: 'worker' }, inner);
        return await arrivalOf(messages, sink);
      });
    };

    let { connections } = await subject(1_000);
    const sample = (await sink.child.call.sample())!;
    context.log(`bodies of ${sample.body.length} bytes over ${connections} connections`);
    const baseline = async (messages: number): Promise<SinkStats> => {
      await sink.child.call.reset();
      const sender = await startChild<CallbackSender>('callback-sender');
      await sender.call.send(sink.url, messages, connections, sample);
      await sender.stop();
      await sleep(300);
      return await sink.child.call.stats();
    };

    const messages = context.quick ? 3_000 : 10_000;
    await baseline(2_000);
    return await interleave({
      rounds: context.rounds,
      baseline: async () => rate(await baseline(messages)),
      subject: async () => {
        const stats = await subject(messages);
        connections = Math.max(connections, stats.connections);
        if (stats.requests > stats.events) context.log(`${count(stats.requests - stats.events)} callbacks came twice`);
        return rate(stats);
      },
      onRound: context.log,
    });
  });
}

function rate({ events, firstAt, lastAt }: SinkStats): number {
  return ((events - 1) / (lastAt - firstAt)) * 1_000;
}
