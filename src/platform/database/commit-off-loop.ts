import { createRequire } from 'node:module';
import { QueryFailedError } from 'typeorm';
import type { QueryRunner } from 'typeorm';

/** libsql offers one native connection through two classes: one answers at once, one from a thread of its own. */
interface PromisedConnection {
  exec(sql: string): Promise<void>;
}

const load = createRequire(import.meta.url);
const { prototype: offLoop } = load('libsql/promise') as { prototype: PromisedConnection };

const changed = new WeakSet<QueryRunner>();

/**
 * Lets SQLite write and sync a commit in another thread, while the event loop goes on with other requests. Nothing
 * else may use the connection meanwhile: the write gate sees to that. All other statements stay in this thread, where
 * they cost less than the way to another one.
 */
export function commitOffLoop(runner: QueryRunner, connection: object): void {
  if (changed.has(runner)) return;
  changed.add(runner);
  const query = runner.query.bind(runner) as (...parameters: unknown[]) => Promise<unknown>;
  const withCommit = async (sql: string, ...rest: unknown[]): Promise<unknown> => {
    if (sql !== 'COMMIT') return query(sql, ...rest);
    try {
      await offLoop.exec.call(connection as PromisedConnection, sql);
    } catch (error) {
      throw new QueryFailedError(sql, [], error as Error);
    }
  };
  runner.query = withCommit as QueryRunner['query'];
}
