import { expect } from 'vitest';
import { Database } from '../../src/platform/database/database.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import type { TestApp } from './start-test-app.js';

export interface Statement {
  sql: string;
  parameters: unknown[];
}

interface Queryable {
  query: (this: Queryable, sql: string, parameters?: unknown[], structured?: boolean) => Promise<unknown>;
}

/** Everything that the database is asked while `work` runs, by whatever way. */
export async function recorded(app: TestApp, work: () => Promise<unknown>): Promise<Statement[]> {
  const runner = app.app.get(Database).dataSource.createQueryRunner() as unknown as Queryable;
  const statements: Statement[] = [];
  // SQLite's one runner for writing has a method of its own.
  const restore = [Object.getPrototypeOf(runner) as Queryable, ...(Object.hasOwn(runner, 'query') ? [runner] : [])].map((place) => {
    const { query } = place;
    place.query = function (this: Queryable, sql, parameters = [], structured) {
      statements.push(...split(sql, parameters));
      return query.call(this, sql, parameters, structured);
    };
    return () => (place.query = query);
  });
  try {
    await work();
  } finally {
    for (const undo of restore) undo();
  }
  return statements;
}

/** On MySQL statements travel together. */
function split(sql: string, parameters: unknown[]): Statement[] {
  let taken = 0;
  return sql.split(';\n').map((one) => {
    const count = one.split('?').length - 1;
    return { sql: one, parameters: parameters.slice(taken, (taken += count)) };
  });
}

export interface Plan {
  sql: string;
  /** How each large table is reached: as SQLite or MySQL says it. */
  steps: string[];
  /** Reads a large table, or one of its indexes, from one end to the other. */
  scans: boolean;
  /** Sorts what it has read. */
  sorts: boolean;
}

const PAGE_FOUND_INSIDE = /LIMIT \d+\) (["`])found\1 ON/;

/** How the database would do a statement; null for one that does not look for anything in these tables. */
export async function planOf(app: TestApp, { sql, parameters }: Statement, tables: readonly string[]): Promise<Plan | null> {
  const names = namesOf(sql, tables);
  if (names.size === 0 || !/^\s*(SELECT|UPDATE|DELETE)/i.test(sql)) return null;
  const unitOfWork = app.app.get(UnitOfWork);
  // What puts a page in order that was found inside sorts no more than that page.
  const joinsPage = PAGE_FOUND_INSIDE.test(sql);
  if (unitOfWork.dialect === 'sqlite') {
    const rows = await unitOfWork.query<{ parent: number; detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, parameters);
    const steps = rows
      .filter(({ parent, detail }) => !(joinsPage && parent === 0 && detail.startsWith('USE TEMP')))
      .map(({ detail }) => detail)
      .filter((detail) => detail.startsWith('USE TEMP') || names.has(/^(?:SEARCH|SCAN) (\w+)/.exec(detail)?.[1] ?? ''));
    return { sql, steps, scans: steps.some((step) => step.startsWith('SCAN')), sorts: steps.some((step) => /TEMP B-TREE FOR .*ORDER BY/.test(step)) };
  }
  const rows = await unitOfWork.query<{ id: number; table: string; type: string; key: string | null; key_len: string | null; Extra: string | null }>(`EXPLAIN ${sql}`, parameters);
  const reached = rows.filter(({ table }) => names.has(table));
  return {
    sql,
    steps: reached.map(({ table, type, key, key_len, Extra }) => `${table}: ${type} by ${key} (${key_len}) ${Extra ?? ''}`),
    scans: reached.some(({ type }) => type === 'ALL' || type === 'index'),
    sorts: rows.some(({ id, Extra }) => /filesort/.test(Extra ?? '') && !(joinsPage && Number(id) === 1)),
  };
}

/** The plans of all that these tables are asked while `work` runs; fails when there is none, and when one reads a table from end to end. */
export async function plansWithoutScan(app: TestApp, tables: readonly string[], work: () => Promise<unknown>): Promise<Plan[]> {
  const plans: Plan[] = [];
  for (const statement of await recorded(app, work)) {
    const plan = await planOf(app, statement, tables);
    if (plan === null) continue;
    expect(plan.scans, describePlan(plan)).toBe(false);
    plans.push(plan);
  }
  expect(plans).not.toEqual([]);
  return plans;
}

export function expectNoSorting(plans: readonly Plan[]): void {
  for (const plan of plans) expect(plan.sorts, describePlan(plan)).toBe(false);
}

/**
 * How many entries of indexes and rows MySQL reads for a SELECT; 0 for what is none, and on SQLite, which does not count. A plan that is
 * good to look at may still read all that comes before what is wanted.
 */
export async function rowsRead(app: TestApp, { sql, parameters }: Statement): Promise<number> {
  const unitOfWork = app.app.get(UnitOfWork);
  if (unitOfWork.dialect === 'sqlite' || !/^\s*SELECT/i.test(sql)) return 0;
  const count = async (): Promise<number> => {
    const counters = await unitOfWork.query<{ Value: string }>("SHOW SESSION STATUS LIKE 'Handler_read%'");
    return counters.reduce((sum, { Value }) => sum + Number(Value), 0);
  };
  return unitOfWork.run(async () => {
    const before = await count();
    await unitOfWork.query(sql, parameters);
    return (await count()) - before;
  });
}

/** A line for each table that was reached. */
export function linesOf(plans: readonly Plan[]): string {
  return plans.flatMap(({ steps }) => steps).join('\n');
}

function describePlan({ sql, steps }: Plan): string {
  return `${sql}\n${steps.join('\n')}`;
}

const NO_ALIAS = /^(WHERE|SET|ORDER|GROUP|LIMIT|ON|JOIN|LEFT|INNER|FOR|USING)$/i;

/** The aliases of these tables in a statement; an alias that stands for another table too is in doubt counted. */
function namesOf(sql: string, tables: readonly string[]): Set<string> {
  const names = new Set<string>();
  for (const [, table, alias] of sql.matchAll(/(?:FROM|JOIN|UPDATE)\s+["`]?(\w+)["`]?(?:\s+(?:AS\s+)?["`]?(\w+)["`]?)?/gi)) {
    if (tables.includes(table!)) names.add(alias === undefined || NO_ALIAS.test(alias) ? table! : alias);
  }
  return names;
}
