import { setTimeout as sleep } from 'node:timers/promises';
import { serverEnvironment } from './environment.js';
import { underLoad } from './loaded-service.js';
import type { ScenarioOptions, ScenarioReport } from './report.js';

/** Redis forgets everything twice and is restarted empty twice, while the service runs on. */
export async function redisLoss(options: ScenarioOptions): Promise<ScenarioReport> {
  const environment = await serverEnvironment();
  const pauseMs = options.quick ? 1_500 : 4_000;
  try {
    return await underLoad(environment, ['api,worker'], options, async ({ load, ledger }) => {
      let undelivered = 0;
      const losses = [() => environment.redis.flushAll(), () => environment.redis.restart()];
      for (const lose of [...losses, ...losses]) {
        await sleep(pauseMs);
        await load.nextCreated();
        const lost = lose();
        undelivered += ledger.missing(load.answered().map((message) => message.answer!.id)).length;
        await lost;
      }
      await sleep(pauseMs);
      return { losses: 'flushall 2, restart 2', 'committed, undelivered at the losses': undelivered };
    });
  } finally {
    await environment.close();
  }
}
