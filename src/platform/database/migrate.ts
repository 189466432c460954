import type { DataSource } from 'typeorm';
import { NamedLock } from './named-lock.js';

const WAIT_SECONDS = 300;

export class TablesOutOfDateError extends Error {}

/** Runs the migrations, one process at a time: the others wait and then find nothing to do. Returns those that it ran. */
export async function migrate(dataSource: DataSource): Promise<string[]> {
  if (dataSource.options.type !== 'mysql') return namesOf(await dataSource.runMigrations());
  const lock = new NamedLock(dataSource, 'migrate');
  const holder = await lock.take(WAIT_SECONDS);
  if (holder === null) throw new Error('Another process has been migrating this database for five minutes.');
  try {
    return namesOf(await dataSource.runMigrations());
  } finally {
    await lock.release(holder);
  }
}

/** Reads only: who starts with MIGRATE=off may have no right to make tables. */
export async function assertMigrated(dataSource: DataSource): Promise<void> {
  const known = dataSource.migrations.map((migration) => migration.name ?? migration.constructor.name);
  const done = new Set(await executedMigrations(dataSource));
  const missing = known.filter((name) => !done.has(name));
  if (missing.length === 0) return;
  throw new TablesOutOfDateError(
    `The tables of this database are not up to date (missing: ${missing.join(', ')}): run npm run migrate, or start with MIGRATE=on.`,
  );
}

async function executedMigrations(dataSource: DataSource): Promise<string[]> {
  const runner = dataSource.createQueryRunner();
  try {
    if (!(await runner.hasTable('migrations'))) return [];
    return namesOf((await runner.query('SELECT name FROM migrations')) as { name: string }[]);
  } finally {
    if (dataSource.options.type === 'mysql') await runner.release();
  }
}

function namesOf(migrations: { name: string }[]): string[] {
  return migrations.map(({ name }) => name);
}
