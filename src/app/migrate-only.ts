import { DataSource } from 'typeorm';
import { readEnvironment } from '../platform/config/config.js';
import { dataSourceOptions } from '../platform/database/data-source-options.js';
import { migrate } from '../platform/database/instance-lock.js';

/** Brings the database's tables up to date and ends: for deployments that start with MIGRATE=off. */
export async function migrateOnly(): Promise<void> {
  const dataSource = await new DataSource(dataSourceOptions(readEnvironment())).initialize();
  try {
    await migrate(dataSource);
  } finally {
    await dataSource.destroy();
  }
}
