import { serverEnvironment } from './environment.js';
import { survivesKills } from './kills.js';
import type { ScenarioOptions, ScenarioReport } from './report.js';

/** MySQL and Redis, one process that plays both roles. */
export async function mysql(options: ScenarioOptions): Promise<ScenarioReport> {
  const environment = await serverEnvironment();
  try {
    return await survivesKills(environment, ['api,worker'], options);
  } finally {
    await environment.close();
  }
}
