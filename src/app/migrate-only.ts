import { AlreadyRunningError, InstanceLock } from '../platform/database/instance-lock.js';
import { ConfigError, readEnvironment } from '../platform/config/config.js';
import { Database } from '../platform/database/database.js';
import { dataSourceOptions } from '../platform/database/data-source-options.js';
import { migrate } from '../platform/database/migrate.js';

/** Brings the database's tables up to date and ends: for deployments that start with MIGRATE=off. */
export async function migrateOnly(): Promise<void> {
  try {
    const done = await run();
    process.stdout.write(done.length === 0 ? 'The tables are up to date.\n' : `Migrated: ${done.join(', ')}\n`);
  } catch (error) {
    const expected = error instanceof ConfigError || error instanceof AlreadyRunningError;
    process.stderr.write(`${expected ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}

async function run(): Promise<string[]> {
  const config = readEnvironment();
  // On SQLite the lock of the running service is the only one there is; MySQL has one for migrations.
  const lock = config.dialect === 'sqlite' ? InstanceLock.lockFile(config.sqlitePath) : null;
  const dataSource = await Database.openWriter(dataSourceOptions(config));
  try {
    return await migrate(dataSource);
  } finally {
    await dataSource.destroy();
    await lock?.release();
  }
}
