import type { QueryResult, QueryRunner } from 'typeorm';

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

  /** For all that this runner is asked from now on. */
  constructor(runner: QueryRunner) {
    const query = runner.query.bind(runner) as Query;
    const withDeferred: Query = async (sql, parameters = [], structured) => {
      if (sql === BEGIN) return this.add(sql, []);
      return this.statements.length === 0 ? query(sql, parameters, structured) : this.runWith(query, sql, parameters, structured);
    };
    runner.query = withDeferred as QueryRunner['query'];
  }

  add(sql: string, parameters: readonly unknown[]): void {
    this.statements.push(sql);
    this.parameters.push(...parameters);
  }

  private async runWith(query: Query, sql: string, parameters: unknown[], structured = false): Promise<unknown> {
    const statements = [...this.statements, sql];
    const values = [...this.parameters, ...parameters];
    this.statements = [];
    this.parameters = [];
    if (sql === 'ROLLBACK') return query(sql);
    const results = (await query(statements.join(';\n'), values)) as unknown[];
    const last = results.at(-1);
    return structured ? toQueryResult(last) : last;
  }
}

function toQueryResult(raw: unknown): QueryResult {
  const affected = (raw as { affectedRows?: number }).affectedRows;
  return { raw, records: Array.isArray(raw) ? raw : [], ...(affected !== undefined && { affected }) };
}
