import { setTimeout as sleep } from 'node:timers/promises';
import { serverEnvironment } from './environment.js';
import { underLoad } from './loaded-service.js';
import type { ScenarioOptions, ScenarioReport } from './report.js';

const AN_HOUR_AHEAD = 'SIGUSR2';
const AN_HOUR_BACK = 'SIGHUP';
/** It ends as far ahead as it ever was: what had to be tried again at an hour that was taken back is due by then. */
const JUMPS = [AN_HOUR_AHEAD, AN_HOUR_BACK, AN_HOUR_BACK, AN_HOUR_AHEAD, AN_HOUR_AHEAD] as const;

/** The clock of the process jumps by hours in the middle of deliveries, claims and leases. */
export async function clockJump(options: ScenarioOptions): Promise<ScenarioReport> {
  const environment = await serverEnvironment();
  const pauseMs = options.quick ? 1_500 : 4_000;
  try {
    return await underLoad({ ...environment, args: ['test/crash/clock-jump-process.js'] }, ['api,worker'], options, async ({ slots, load, ledger }) => {
      ledger.anyTime = true;
      let undelivered = 0;
      for (const jump of JUMPS) {
        await sleep(pauseMs);
        await load.nextCreated();
        slots[0]!.signal(jump);
        undelivered += ledger.missing(load.answered().map((message) => message.answer!.id)).length;
      }
      await sleep(pauseMs);
      return { jumps: 'by an hour: ahead 3, back 2', 'committed, undelivered at the jumps': undelivered };
    });
  } finally {
    await environment.close();
  }
}
