import { setTimeout as sleep } from 'node:timers/promises';
import { sqliteIn } from './environment.js';
import { underLoad } from './loaded-service.js';
import type { ScenarioOptions, ScenarioReport } from './report.js';
import { smallDisk } from './small-disk.js';

/** The disk under SQLite is full for a while, twice: what is answered 201 is stored, and all goes on when there is room. */
export async function fullDisk(options: ScenarioOptions): Promise<ScenarioReport> {
  const disk = await smallDisk();
  const pauseMs = options.quick ? 1_500 : 4_000;
  try {
    return await underLoad({ ...sqliteIn(disk.folder), close: async () => undefined }, ['api,worker'], options, async ({ slots, load, ledger }) => {
      let undelivered = 0;
      let refused = 0;
      for (const killed of [false, true]) {
        await sleep(pauseMs);
        await load.nextCreated();
        const before = load.counts.serverErrors;
        await disk.fill();
        await sleep(pauseMs);
        refused += load.counts.serverErrors - before;
        undelivered += ledger.missing(load.answered().map((message) => message.answer!.id)).length;
        if (!killed) {
          await disk.free();
        } else {
          load.service.close();
          await slots[0]!.kill();
          await disk.free();
          await slots[0]!.start();
          load.service.open();
        }
        await load.nextCreated();
      }
      await sleep(pauseMs);
      if (refused === 0) throw new Error('Nothing was refused, so the disk was never full.');
      return { 'disk full': '2 times, once with kill -9', 'refused while it was full (5xx)': refused, 'committed, undelivered while it was full': undelivered };
    });
  } finally {
    await disk.remove();
  }
}
