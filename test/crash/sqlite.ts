import { sqliteEnvironment } from './environment.js';
import { survivesKills } from './kills.js';
import type { ScenarioOptions, ScenarioReport } from './report.js';

/** The embedded default: one process, one file, everything in memory gone at each kill. */
export async function sqlite(options: ScenarioOptions): Promise<ScenarioReport> {
  const environment = await sqliteEnvironment();
  try {
    return await survivesKills(environment, ['api,worker'], options);
  } finally {
    await environment.close();
  }
}
