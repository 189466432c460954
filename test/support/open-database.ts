import 'reflect-metadata';
import type { DataSource } from 'typeorm';
import { readConfig } from '../../src/platform/config/config.js';
import type { Config } from '../../src/platform/config/config.js';
import { dataSourceOptions } from '../../src/platform/database/data-source-options.js';
import { Database } from '../../src/platform/database/database.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { anEmptyDatabase } from './start-test-app.js';
import type { TestDatabaseUrl } from './start-test-app.js';

export interface OpenDatabase {
  database: Database;
  dataSource: DataSource;
  unitOfWork: UnitOfWork;
  config: Config;
  close(): Promise<void>;
}

/** The database layer alone, on an empty database of the current matrix or on a given one. */
export async function openDatabase(given?: TestDatabaseUrl): Promise<OpenDatabase> {
  const place = given ?? (await anEmptyDatabase());
  const config = readConfig({ DATABASE_URL: place.url, REDIS_URL: place.redisUrl, SECRET_KEY: 'a secret key for tests that is long enough' });
  const dataSource = await Database.openWriter(dataSourceOptions(config));
  const database = await Database.over(dataSource, config);
  return {
    database,
    dataSource,
    unitOfWork: new UnitOfWork(database),
    config,
    async close() {
      await database.close();
      await dataSource.destroy();
      if (given === undefined) await place.drop();
    },
  };
}

/** A promise that is settled from outside. */
export function signal(): { promise: Promise<void>; give: () => void } {
  let give!: () => void;
  const promise = new Promise<void>((resolve) => (give = resolve));
  return { promise, give };
}
