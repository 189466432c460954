import { MAX_CHARACTERS, charactersOf } from './statement-size.js';
import type { UnitOfWork } from './unit-of-work.js';

/** SQLite takes 32,766 parameters in one statement. */
const MAX_PARAMETERS = 30_000;

interface MysqlResult {
  insertId: number;
  affectedRows: number;
}

export function placeholders(count: number): string {
  return count === 0 ? 'NULL' : Array.from({ length: count }, () => '?').join(',');
}

/**
 * One INSERT for many rows: on the message path TypeORM's own builder costs more than the database does.
 * Returns the generated number of each row for tables that have one.
 */
export async function insertRows(
  unitOfWork: UnitOfWork,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly unknown[])[],
): Promise<number[]> {
  const serials: number[] = [];
  for (const { sql, parameters, count } of insertsOf(table, columns, rows)) {
    const result = (await unitOfWork.transaction.query(sql, parameters)) as unknown;
    const first = firstSerial(result, count);
    for (let index = 0; index < count; index++) serials.push(first + index * unitOfWork.serialStep);
  }
  return serials;
}

/** As `insertRows`, where nobody asks for the numbers: the database is told at the latest with the unit's next statement. */
export async function addRows(
  unitOfWork: UnitOfWork,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly unknown[])[],
): Promise<void> {
  for (const { sql, parameters } of insertsOf(table, columns, rows)) await unitOfWork.write(sql, parameters);
}

function* insertsOf(
  table: string,
  columns: readonly string[],
  rows: readonly (readonly unknown[])[],
): Generator<{ sql: string; parameters: unknown[]; count: number }> {
  const most = Math.max(1, Math.floor(MAX_PARAMETERS / columns.length));
  const tuple = `(${placeholders(columns.length)})`;
  for (let start = 0; start < rows.length; ) {
    const slice = sliceOf(rows, start, most);
    const sql = `INSERT INTO ${table} (${columns.join(',')}) VALUES ${slice.map(() => tuple).join(',')}`;
    yield { sql, parameters: slice.flat(), count: slice.length };
    start += slice.length;
  }
}

/** At least one, at most `most`, and no more than one statement should hold. */
function sliceOf(rows: readonly (readonly unknown[])[], start: number, most: number): (readonly unknown[])[] {
  const end = Math.min(rows.length, start + most);
  let characters = 0;
  for (let index = start; index < end; index++) {
    characters += charactersOf(rows[index]!);
    if (characters > MAX_CHARACTERS && index > start) return rows.slice(start, index);
  }
  return rows.slice(start, end);
}

/** MySQL names the first generated number, SQLite the last one. */
function firstSerial(result: unknown, count: number): number {
  if (typeof result === 'number' || typeof result === 'bigint') return Number(result) - count + 1;
  return (result as MysqlResult).insertId;
}

/** Rows of one table that may go: a key by which they are named, and an SQL condition with its parameters. */
export interface Disposable {
  table: string;
  key: string;
  where: string;
  parameters: readonly unknown[];
}

/**
 * Deletes at most `limit` rows in a transaction of their own and returns how many were found; fewer than the limit when
 * no more are left. One that no longer meets the condition when its turn comes stays.
 */
export async function deleteSome(unitOfWork: UnitOfWork, { table, key, where, parameters }: Disposable, limit: number): Promise<number> {
  const rows = await unitOfWork.query<{ found: unknown }>(`SELECT ${key} AS found FROM ${table} WHERE ${where} LIMIT ?`, [...parameters, limit]);
  if (rows.length === 0) return 0;
  const sql = `DELETE FROM ${table} WHERE ${key} IN (${placeholders(rows.length)}) AND (${where})`;
  await unitOfWork.run(() => unitOfWork.write(sql, [...rows.map(({ found }) => found), ...parameters]));
  return rows.length;
}

/** Runs an UPDATE or DELETE and tells how many rows it changed. */
export async function changeRows(unitOfWork: UnitOfWork, sql: string, parameters: readonly unknown[]): Promise<number> {
  const runner = unitOfWork.transaction.queryRunner;
  if (runner === undefined) throw new Error('A transaction has a query runner.');
  const result = await runner.query(sql, [...parameters], true);
  return result.affected ?? 0;
}
