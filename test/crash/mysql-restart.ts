import { setTimeout as sleep } from 'node:timers/promises';
import { privateServerEnvironment } from './environment.js';
import { underLoad } from './loaded-service.js';
import type { ScenarioOptions, ScenarioReport } from './report.js';

/** The database is restarted, once as an operator does it and once by kill -9, while the service runs on. */
export async function mysqlRestart(options: ScenarioOptions): Promise<ScenarioReport> {
  const environment = await privateServerEnvironment();
  const pauseMs = options.quick ? 1_500 : 4_000;
  try {
    return await underLoad(environment, ['api,worker'], options, async ({ load, ledger }) => {
      let undelivered = 0;
      const restarts = ['SIGTERM', 'SIGKILL'] as const;
      for (const signal of options.quick ? restarts : [...restarts, ...restarts]) {
        await sleep(pauseMs);
        await load.nextCreated();
        const restarted = environment.mysql.restart(signal);
        undelivered += ledger.missing(load.answered().map((message) => message.answer!.id)).length;
        await restarted;
        // It has to find its way back by itself.
        await load.nextCreated();
      }
      await sleep(pauseMs);
      return { restarts: options.quick ? 'gentle 1, kill -9 1' : 'gentle 2, kill -9 2', 'committed, undelivered at the restarts': undelivered };
    });
  } finally {
    await environment.close();
  }
}
