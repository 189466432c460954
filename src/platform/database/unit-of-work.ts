import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { EntityManager } from 'typeorm';
import type { Database } from './database.js';
import type { DeferredStatements } from './deferred-statements.js';
import { isRepeatable } from './unique-violation.js';

const MAX_RUNS = 12;
/** Waiting for a lock takes 20 s before it fails: whoever asked has gone away by the third time. */
const LAST_RERUN_AFTER_MS = 30_000;
/** Units that got in each other's way must not begin again at the same moment; the bound doubles with each run. */
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 250;

class Unit {
  ended = false;
  readonly beforeCommit = new Map<string, () => Promise<void>>();
  readonly afterCommit: (() => void)[] = [];
  readonly values = new Map<string, unknown>();

  constructor(
    readonly manager: EntityManager,
    readonly deferred: DeferredStatements | null,
  ) {}
}

/**
 * One database transaction, found again by everything that runs inside of it. The only way to the database:
 * inside a unit reads and writes share its transaction, outside of one only committed rows can be read.
 */
export class UnitOfWork {
  private readonly current = new AsyncLocalStorage<Unit>();

  constructor(private readonly database: Database) {}

  /**
   * Runs `work` in the open unit, or in a new one that commits when `work` ends and rolls back when it throws.
   * A new unit is run again from the start after a deadlock or lock time-out, so `work` must have no effect
   * outside of the database; effects belong into `afterCommit`.
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const open = this.current.getStore();
    if (open !== undefined) {
      this.assertUsable(open);
      return work();
    }
    const begunAt = performance.now();
    for (let run = 1; ; run++) {
      try {
        return await this.runOnce(work);
      } catch (error) {
        if (!isRepeatable(error) || run >= MAX_RUNS || performance.now() - begunAt > LAST_RERUN_AFTER_MS) throw error;
        await delay(Math.random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** run));
      }
    }
  }

  /** Runs `work` outside of any open unit: for work on behalf of many callers. */
  detached<T>(work: () => T): T {
    return this.current.exit(work);
  }

  get isOpen(): boolean {
    return this.current.getStore() !== undefined;
  }

  /** The open unit's view of the database; outside of a unit, committed rows, for reading only. */
  get manager(): EntityManager {
    const unit = this.current.getStore();
    if (unit === undefined) return this.database.committed;
    this.assertUsable(unit);
    return unit.manager;
  }

  /** As `manager`, for code that must not run without a transaction. */
  get transaction(): EntityManager {
    if (this.current.getStore() === undefined) throw new Error('This needs an open unit of work.');
    return this.manager;
  }

  /** SQL with `?` parameters, in words that both databases know. */
  async query<T = Record<string, unknown>>(sql: string, parameters: unknown[] = []): Promise<T[]> {
    return (await this.manager.query(sql, parameters)) as T[];
  }

  /** Asks the same for each set of parameters, in one way to the database and back. */
  async queryEach<T = Record<string, unknown>>(sql: string, parameterSets: readonly (readonly unknown[])[]): Promise<T[][]> {
    const { deferred, manager } = this.openUnit();
    if (deferred !== null) return (await deferred.queryEach(sql, parameterSets)) as T[][];
    const results: T[][] = [];
    for (const parameters of parameterSets) results.push((await manager.query(sql, [...parameters])) as T[]);
    return results;
  }

  /** A statement of the open unit whose result is not needed; it runs before the next one and before the commit. */
  async write(sql: string, parameters: readonly unknown[]): Promise<void> {
    const { deferred, manager } = this.openUnit();
    if (deferred === null) await manager.query(sql, [...parameters]);
    else {
      if (deferred.isFull) await deferred.sendAll();
      deferred.add(sql, parameters);
    }
  }

  /** A value that lives as long as the open unit: the same for every call with the same key. */
  scoped<T>(key: string, create: () => T): T {
    const { values } = this.openUnit();
    if (!values.has(key)) values.set(key, create());
    return values.get(key) as T;
  }

  /** Ends a SELECT that locks its rows until the unit ends; SQLite has one writer and needs no word for it. */
  get forUpdate(): string {
    return this.dialect === 'mysql' ? ' FOR UPDATE' : '';
  }

  /** As `forUpdate`, for rows that others may lock in the same way but not change. */
  get forShare(): string {
    return this.dialect === 'mysql' ? ' LOCK IN SHARE MODE' : '';
  }

  /**
   * Runs once at the end of the unit's transaction; a second call with the same key replaces the first, or makes
   * the step run again when it has run already.
   */
  beforeCommit(key: string, step: () => Promise<void>): void {
    const { beforeCommit } = this.openUnit();
    beforeCommit.delete(key);
    beforeCommit.set(key, step);
  }

  /** Runs when the transaction is durable. What it throws becomes an unhandled rejection and stops nothing. */
  afterCommit(effect: () => void): void {
    this.openUnit().afterCommit.push(effect);
  }

  get dialect(): 'sqlite' | 'mysql' {
    return this.database.dialect;
  }

  get serialStep(): number {
    return this.database.serialStep;
  }

  private async runOnce<T>(work: () => Promise<T>): Promise<T> {
    const { runner, deferred, release } = await this.database.begin();
    const unit = new Unit(runner.manager, deferred);
    try {
      const result = await this.current.run(unit, async () => {
        const value = await work();
        for (const step of unit.beforeCommit.values()) await step();
        return value;
      });
      unit.ended = true;
      await runner.commitTransaction();
      for (const effect of unit.afterCommit) this.take(effect);
      return result;
    } catch (error) {
      unit.ended = true;
      if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
      throw error;
    } finally {
      await release();
    }
  }

  /** The unit is committed: an error here must not look like one of the unit's, which would be done again. */
  private take(effect: () => void): void {
    try {
      this.detached(effect);
    } catch (error) {
      void Promise.reject(error);
    }
  }

  private openUnit(): Unit {
    const unit = this.current.getStore();
    if (unit === undefined) throw new Error('This needs an open unit of work.');
    this.assertUsable(unit);
    return unit;
  }

  private assertUsable(unit: Unit): void {
    if (unit.ended) throw new Error('This unit of work has ended: something was started in it and not awaited.');
  }
}
