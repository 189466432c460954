import type { CallbackSink, SinkStats } from '../processes/callback-sink.js';
import { type Child, startChild } from './child.js';
import { monotonicMs, sleep } from './clock.js';
import type { Scope } from './scope.js';

export interface Sink {
  url: string;
  child: Child<CallbackSink>;
}

const SILENCE_MS = 30_000;

export async function startSink(scope: Scope): Promise<Sink> {
  const child = await startChild<CallbackSink>('callback-sink');
  scope.defer(() => child.stop());
  return { url: await child.call.listen(), child };
}

/** Answers when that many different events have arrived. */
export async function arrivalOf(events: number, sink: Sink): Promise<SinkStats> {
  let seen = -1;
  let changedAt = monotonicMs();
  for (;;) {
    const stats = await sink.child.call.stats();
    if (stats.events > events) throw new Error(`${stats.events} events arrived where ${events} were caused.`);
    if (stats.events === events) return stats;
    if (stats.events !== seen) changedAt = monotonicMs();
    else if (monotonicMs() - changedAt > SILENCE_MS) {
      throw new Error(`Only ${seen} of ${events} callbacks arrived, none in the last ${SILENCE_MS / 1_000} s.`);
    }
    seen = stats.events;
    await sleep(100);
  }
}
