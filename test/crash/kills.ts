import { setTimeout as sleep } from 'node:timers/promises';
import type { Environment } from './environment.js';
import type { LoadedService } from './loaded-service.js';
import { underLoad } from './loaded-service.js';
import { percentile, type ScenarioOptions, type ScenarioReport } from './report.js';

/** Kills the processes in turn, each time at another moment, while the load goes on. */
export function survivesKills(environment: Environment, roles: string[], options: ScenarioOptions): Promise<ScenarioReport> {
  return underLoad(environment, roles, options, async (service) => {
    let undelivered = 0;
    for (let round = 0; round < options.kills; round += 1) {
      const index = round % roles.length;
      await sleep(1_000 + Math.random() * 2_500);
      // Every second kill strikes in the turn in which a 201 arrives: between the commit and the delivery.
      if (Math.floor(round / roles.length) % 2 === 0) await service.load.nextCreated();
      undelivered += await kill(service, index);
    }
    await sleep(2_000);
    return {
      kills: service.slots.map((slot) => `${slot.roles} ${slot.kills}`).join(', '),
      'committed, undelivered at the kills': undelivered,
      'start-up in ms, median': percentile(service.slots.flatMap((slot) => slot.startupsMs).sort((a, b) => a - b), 0.5),
    };
  });
}

/** Answers how many messages were answered and had not been delivered when the process died. */
async function kill({ slots, load, ledger }: LoadedService, index: number): Promise<number> {
  if (index === 0) load.service.close();
  const killed = slots[index]!.killAndRestart();
  const answered = load.answered().map((message) => message.answer!.id);
  const undelivered = ledger.missing(answered).length;
  await killed;
  if (index === 0) load.service.open();
  return undelivered;
}
