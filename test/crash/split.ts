import { serverEnvironment } from './environment.js';
import { survivesKills } from './kills.js';
import type { ScenarioOptions, ScenarioReport } from './report.js';

/** MySQL and Redis, the API and the worker in processes of their own, killed by turns. */
export async function split(options: ScenarioOptions): Promise<ScenarioReport> {
  const environment = await serverEnvironment();
  try {
    return await survivesKills(environment, ['api', 'worker'], options);
  } finally {
    await environment.close();
  }
}
