import { arrivalOf, startSink } from '../harness/callbacks.js';
import { sleep } from '../harness/clock.js';
import { closedLoop } from '../harness/closed-loop.js';
import type { Context } from '../harness/context.js';
import { type Memory, memoryOf } from '../harness/machine.js';
import { median } from '../harness/measure.js';
import { Scope } from '../harness/scope.js';
import { openConversations, registerCallback, startService } from '../harness/service.js';

const CONNECTIONS = 64;

export interface Footprint {
  /** From spawn to ready, with all migrations to run. */
  firstStartMs: number;
  /** The same on a database that is up to date. */
  startMs: number;
  afterStart: Memory | null;
  afterLoad: Memory | null;
}

export function measureFootprint(context: Context): Promise<Footprint> {
  return Scope.run(async (scope) => {
    const env = await context.backing.createEnvironment(scope);
    const firstStartMs = await Scope.run(async (inner) => (await startService(env, inner)).startupMs);
    const starts: number[] = [];
    for (let round = 0; round < context.rounds; round++) {
      starts.push(await Scope.run(async (inner) => (await startService(env, inner)).startupMs));
    }

    const service = await startService(env, scope);
    await sleep(1_000);
    const afterStart = memoryOf(service.pid);
    const sink = await startSink(scope);
    const { nextRequest } = await openConversations(service.url);
    await registerCallback(service.url, sink.url);
    const durationMs = context.quick ? 2_000 : 8_000;
    const { created } = await closedLoop({ url: service.url, connections: CONNECTIONS, durationMs, nextRequest });
    await arrivalOf(created, sink);
    const afterLoad = memoryOf(service.pid);
    context.log(`start ${Math.round(median(starts))} ms, ${Math.round(afterLoad?.residentMiB ?? NaN)} MiB after ${created} messages`);
    return { firstStartMs, startMs: median(starts), afterStart, afterLoad };
  });
}
