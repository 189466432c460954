import type { CallbackSender } from '../processes/callback-sender.js';
import type { SinkStats } from '../processes/callback-sink.js';
import { Backlog } from '../harness/backlog.js';
import { startChild } from '../harness/child.js';
import { sleep } from '../harness/clock.js';
import type { Context } from '../harness/context.js';
import { count, interleave, type Share } from '../harness/measure.js';
import { Scope } from '../harness/scope.js';

export interface BacklogSetup {
  endpoints: number;
  /** The share of deliveries that the receiver answers with 500, 0 to 1. */
  failing: number;
}

/**
 * A process without the worker fills the table, a process with nothing but the worker empties it. The baseline sends
 * the same callback, as often and over as many connections as the receiver has seen. Both processes are new each time.
 */
export function measureBacklog(context: Context, setup: BacklogSetup = { endpoints: 1, failing: 0 }): Promise<Share> {
  return Scope.run(async (scope) => {
    const backlog = await Backlog.open(context.backing, setup.endpoints, scope);
    const { sink } = backlog;
    let { connections } = await backlog.drain(1_000, setup.failing);
    const sample = (await sink.child.call.sample())!;
    context.log(`bodies of ${sample.body.length} bytes over ${connections} connections`);
    const baseline = async (deliveries: number): Promise<SinkStats> => {
      await sink.child.call.reset(0);
      const sender = await startChild<CallbackSender>('callback-sender');
      await sender.call.send(sink.url, deliveries, connections, sample);
      await sender.stop();
      await sleep(300);
      return await sink.child.call.stats();
    };

    // Some seconds of work: what is new is the process, and its code is slow until it is compiled.
    const deliveries = context.quick ? 3_000 : 20_000;
    await baseline(2_000);
    return await interleave({
      rounds: context.rounds,
      baseline: async () => rate(await baseline(deliveries)),
      subject: async () => {
        const stats = await backlog.drain(deliveries, setup.failing);
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
