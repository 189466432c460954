import { startCallbackSink } from '../support/callback-sink.js';
import { freePort } from '../support/services.js';
import { ApiClient } from './client.js';
import { serverEnvironment } from './environment.js';
import { readsEveryEvent } from './events-reader.js';
import { ProcessSlot } from './process-slot.js';
import type { ScenarioOptions, ScenarioReport } from './report.js';
import { registeredThere, type Instances } from './registered-there.js';

/** A and B on one MySQL and one Redis: what one of them takes holds for the other at once. */
export async function twoInstances(options: ScenarioOptions): Promise<ScenarioReport> {
  const environment = await serverEnvironment();
  const slots: ProcessSlot[] = [];
  try {
    for (const _ of ['A', 'B']) {
      const slot = new ProcessSlot('api,worker', { ...environment.env, PORT: String(await freePort()) });
      slots.push(slot);
      await slot.start();
    }
    const [a, b] = slots.map((slot) => new ApiClient(slot.url, environment.apiKey)) as [ApiClient, ApiClient];
    const sink = await startCallbackSink();
    const instances: Instances = { a, b, sink };
    try {
      const registered = await registeredThere(instances, options.quick ? 50 : 500, options.progress);
      const read = await readsEveryEvent(instances, options.quick ? 3_000 : 10_000, options.progress);
      const endings = await Promise.all(slots.map((slot) => slot.stop()));
      return {
        figures: { ...registered.figures, ...read.figures },
        violations: [...registered.violations, ...read.violations, ...endings.flat()],
      };
    } finally {
      await Promise.all([a.close(), b.close()]);
      await sink.close();
    }
  } finally {
    await Promise.all(slots.map((slot) => slot.stop()));
    await environment.close();
  }
}
