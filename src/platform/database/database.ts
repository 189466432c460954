import { DataSource } from 'typeorm';
import type { DataSourceOptions, EntityManager, QueryRunner } from 'typeorm';
import type { Config } from '../config/config.js';
import type { Dialect } from './columns.js';
import { dataSourceOptions } from './data-source-options.js';
import { WriteGate } from './write-gate.js';

interface MysqlConnection {
  query(sql: string, done?: (error: unknown) => void): void;
}

interface MysqlPool {
  on(event: 'connection', listener: (connection: MysqlConnection) => void): void;
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

  /** Takes over the writing data source, initialized, with the entities of every module. */
  static async over(writer: DataSource, config: Config): Promise<Database> {
    if (config.dialect === 'sqlite') {
      const options = { ...dataSourceOptions(config, 'reader'), entities: writer.options.entities } as DataSourceOptions;
      const reader = await new DataSource(options).initialize();
      return new Database('sqlite', writer, reader, 1);
    }
    const pool = (writer.driver as unknown as { pool: MysqlPool }).pool;
    pool.on('connection', (connection) => {
      for (const statement of MYSQL_SESSION_STATEMENTS) connection.query(statement, () => undefined);
    });
    // The start has opened one connection already, before the listener was there.
    for (const statement of MYSQL_SESSION_STATEMENTS) await writer.query(statement);
    const [row] = (await writer.query('SELECT @@auto_increment_increment AS step')) as { step: number }[];
    return new Database('mysql', writer, writer, row!.step);
  }

  /** Sees committed rows only. */
  get committed(): EntityManager {
    return this.reader.manager;
  }

  /** A connection in an open transaction; `release` must be called in every case. */
  async begin(): Promise<{ runner: QueryRunner; release: () => Promise<void> }> {
    const leave = this.dialect === 'sqlite' ? await this.gate.enter() : () => undefined;
    try {
      const runner = this.writer.createQueryRunner();
      await runner.connect();
      await runner.startTransaction();
      return {
        runner,
        release: async () => {
          try {
            if (this.dialect === 'mysql') await runner.release();
          } finally {
            leave();
          }
        },
      };
    } catch (error) {
      leave();
      throw error;
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
