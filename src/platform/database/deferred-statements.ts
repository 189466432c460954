import type { QueryResult, QueryRunner } from 'typeorm';
import { MAX_CHARACTERS, charactersOf } from './statement-size.js';

type Query = (sql: string, parameters?: unknown[], structured?: boolean) => Promise<unknown>;

/** What TypeORM begins a transaction with. */
const BEGIN = 'START TRANSACTION';

/**
 * Statements whose results nobody waits for travel to MySQL in one packet with the next one that somebody does, COMMIT
 * at the latest: the way there costs more than many a statement. They run in their order, and one that fails keeps
 * those behind it from running and fails the statement that it travelled with.
 */
export class DeferredStatements {
  private statements: string[] = [];
  private parameters: unknown[] = [];
  private characters = 0;
  private readonly query: Query;

  /** For all that this runner is asked from now on. */
  constructor(runner: QueryRunner) {
    this.query = runner.query.bind(runner) as Query;
    const withDeferred: Query = async (sql, parameters = [], structured) => {
      if (sql === BEGIN) return this.add(sql, []);
      if (this.statements.length === 0) return this.query(sql, parameters, structured);
      if (sql === 'ROLLBACK') {
        this.takeAll();
        return this.query(sql);
      }
      if (this.isFull) await this.sendAll();
      this.add(sql, parameters);
      const last = (await this.send()).at(-1);
      return structured ? toQueryResult(last) : last;
    };
    runner.query = withDeferred as QueryRunner['query'];
  }

  add(sql: string, parameters: readonly unknown[]): void {
    this.statements.push(sql);
    this.parameters.push(...parameters);
    this.characters += charactersOf(parameters);
  }

  /** What has been deferred is too much to wait for more: the server refuses a packet that is too large. */
  get isFull(): boolean {
    return this.characters > MAX_CHARACTERS;
  }

  async sendAll(): Promise<void> {
    if (this.statements.length > 0) await this.send();
  }

  /** The rows for each set of parameters, all asked for in one packet. */
  async queryEach(sql: string, parameterSets: readonly (readonly unknown[])[]): Promise<unknown[]> {
    if (parameterSets.length === 0) return [];
    for (const parameters of parameterSets) this.add(sql, parameters);
    return (await this.send()).slice(-parameterSets.length);
  }

  /** The result of each statement. */
  private async send(): Promise<unknown[]> {
    const { statements, parameters } = this.takeAll();
    const results = await this.query(statements.join(';\n'), parameters);
    return statements.length === 1 ? [results] : (results as unknown[]);
  }

  private takeAll(): { statements: string[]; parameters: unknown[] } {
    const { statements, parameters } = this;
    this.statements = [];
    this.parameters = [];
    this.characters = 0;
    return { statements, parameters };
  }
}

function toQueryResult(raw: unknown): QueryResult {
  const affected = (raw as { affectedRows?: number }).affectedRows;
  return { raw, records: Array.isArray(raw) ? raw : [], ...(affected !== undefined && { affected }) };
}
