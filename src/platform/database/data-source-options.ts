import { createRequire } from 'node:module';
import type { DataSourceOptions } from 'typeorm';
import type { Config } from '../config/config.js';
import { MIGRATIONS } from './migrations/migrations.js';

interface SqliteConnection {
  pragma(text: string): unknown;
}

/** 32 MiB of write-ahead log between checkpoints. */
const CHECKPOINT_PAGES = 8192;
const CACHE_KIB = 64 * 1024;

const load = createRequire(import.meta.url);

/** What TypeORM needs to reach the database; `reader` is SQLite's second connection, which sees committed rows only. */
export function dataSourceOptions(config: Config, use: 'writer' | 'reader' = 'writer'): DataSourceOptions {
  const common = { migrations: MIGRATIONS, migrationsTransactionMode: 'each' as const, synchronize: false };
  if (config.dialect === 'sqlite') {
    return {
      ...common,
      type: 'better-sqlite3',
      driver: load('libsql'),
      database: config.sqlitePath,
      timeout: 10_000,
      statementCacheSize: 500,
      prepareDatabase: (connection: SqliteConnection) => {
        connection.pragma('journal_mode = WAL');
        connection.pragma('synchronous = FULL');
        // A page that is changed often goes into the database file once per checkpoint and not once per commit.
        connection.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
        connection.pragma(`cache_size = -${CACHE_KIB}`);
        if (use === 'reader') connection.pragma('query_only = ON');
      },
    };
  }
  return {
    ...common,
    type: 'mysql',
    ...serverOf(new URL(config.values.DATABASE_URL)),
    charset: 'utf8mb4',
    timezone: 'Z',
    supportBigNumbers: true,
    bigNumberStrings: false,
    poolSize: 12,
    connectTimeout: 10_000,
    // For `DeferredStatements`; values are always parameters.
    multipleStatements: true,
    // A stack trace kept for each query, in case that it fails, costs 14 µs a message on the message path.
    trace: false,
    extra: { enableKeepAlive: true, maxIdle: 12, idleTimeout: 60_000 },
  };
}

/** TypeORM's own reading of a URL knows no IPv6 address. */
function serverOf(url: URL): { host: string; port: number; username: string; password: string; database: string } {
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port || 3306),
    username: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)),
  };
}
