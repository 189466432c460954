import { DataSource } from 'typeorm';
import type { DataSourceOptions, EntityManager, QueryRunner } from 'typeorm';
import type { Config } from '../config/config.js';
import type { Dialect } from './columns.js';
import { commitOffLoop } from './commit-off-loop.js';
import { dataSourceOptions } from './data-source-options.js';
import { DeferredStatements } from './deferred-statements.js';
import { WriteGate } from './write-gate.js';

interface MysqlConnection {
  query(sql: string, done?: (error: unknown) => void): void;
  destroy(): void;
}

interface MysqlPool {
  on(event: 'connection', listener: (connection: MysqlConnection) => void): void;
}

/** TypeORM's driver keeps SQLite's one query runner. */
interface SqliteDriver {
  queryRunner: QueryRunner | undefined;
  databaseConnection: { exec(sql: string): void };
}

export interface Transaction {
  runner: QueryRunner;
  /** Null where a statement costs no way. */
  deferred: DeferredStatements | null;
  release: () => Promise<void>;
}

/** What each new MySQL connection is told first. READ COMMITTED: a look-up after a lock must see what was committed. */
const MYSQL_SESSION_STATEMENTS = [
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
  "SET SESSION innodb_lock_wait_timeout = 20, time_zone = '+00:00'",
];

/**
 * The connections to the database. Only the unit of work and the migrations touch it: on SQLite TypeORM has
 * one connection for all, so that a second transaction would become a part of the first.
 */
export class Database {
  private constructor(
    readonly dialect: Dialect,
    private readonly writer: DataSource,
    private readonly reader: DataSource,
    /** How far apart two generated numbers of one INSERT are; more than 1 on a MySQL cluster. */
    readonly serialStep: number,
  ) {}

  private readonly gate = new WriteGate();

  /** Opens the data source that writes; on MySQL each of its connections behaves in the same way. */
  static async openWriter(options: DataSourceOptions): Promise<DataSource> {
    const writer = await new DataSource(options).initialize();
    if (options.type !== 'mysql') return writer;
    const pool = (writer.driver as unknown as { pool: MysqlPool }).pool;
    pool.on('connection', (connection) => {
      for (const statement of MYSQL_SESSION_STATEMENTS) connection.query(statement, () => undefined);
    });
    // The start itself has opened one connection, before the listener was there.
    const first = writer.createQueryRunner();
    try {
      for (const statement of MYSQL_SESSION_STATEMENTS) await first.query(statement);
    } finally {
      await first.release();
    }
    return writer;
  }

  /** Takes over what `openWriter` gave, with the entities of every module. */
  static async over(writer: DataSource, config: Config): Promise<Database> {
    if (config.dialect === 'sqlite') {
      const options = { ...dataSourceOptions(config, 'reader'), entities: writer.options.entities } as DataSourceOptions;
      const reader = await new DataSource(options).initialize();
      return new Database('sqlite', writer, reader, 1);
    }
    const [row] = (await writer.query('SELECT @@auto_increment_increment AS step')) as { step: number }[];
    return new Database('mysql', writer, writer, row!.step);
  }

  /** Sees committed rows only. */
  get committed(): EntityManager {
    return this.reader.manager;
  }

  /** A connection in an open transaction; `release` must be called in every case. */
  async begin(): Promise<Transaction> {
    const leave = this.dialect === 'sqlite' ? await this.gate.enter() : () => undefined;
    const runner = this.writer.createQueryRunner();
    const release = async (): Promise<void> => {
      try {
        await this.giveBack(runner);
      } finally {
        leave();
      }
    };
    try {
      await runner.connect();
      const deferred = this.dialect === 'mysql' ? new DeferredStatements(runner) : null;
      if (this.dialect === 'sqlite') commitOffLoop(runner, (this.writer.driver as unknown as SqliteDriver).databaseConnection);
      await runner.startTransaction();
      return { runner, deferred, release };
    } catch (error) {
      await release().catch(() => undefined);
      throw error;
    }
  }

  /** A connection whose transaction could not be ended is given up: the next unit would become a part of it. */
  private async giveBack(runner: QueryRunner): Promise<void> {
    if (this.dialect === 'mysql') {
      if (runner.isTransactionActive) await runner.connect().then((connection: MysqlConnection) => connection.destroy(), () => undefined);
      return runner.release();
    }
    if (!runner.isTransactionActive) return;
    const driver = this.writer.driver as unknown as SqliteDriver;
    driver.queryRunner = undefined;
    try {
      driver.databaseConnection.exec('ROLLBACK');
    } catch {
      // SQLite has rolled back by itself, as it does when the disk is full.
    }
  }

  /** For migrations and their checks. */
  get dataSource(): DataSource {
    return this.writer;
  }

  async ping(): Promise<void> {
    await this.committed.query('SELECT 1');
  }

  /** Closes what this class opened; the writing data source belongs to its module. */
  async close(): Promise<void> {
    if (this.reader !== this.writer && this.reader.isInitialized) await this.reader.destroy();
  }
}
