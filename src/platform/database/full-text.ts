import { Index, TableIndex } from 'typeorm';
import type { QueryRunner } from 'typeorm';
import type { Term } from '../search/terms.js';
import type { Dialect } from './columns.js';
import type { Condition } from './visible-to.js';

/**
 * Full text over the column `body` of a table that has a whole number as its key, `number`, whichever database holds it:
 * MySQL and MariaDB by a FULLTEXT index, SQLite by a virtual table of FTS5 that triggers keep equal. The column holds
 * tokens of `indexedText`; what stands in it is found from the commit on.
 */
export function FullText(index: string): ClassDecorator {
  return Index(index, ['body'], { fulltext: true });
}

/** For the migration that has made the table. */
export async function addFullText(runner: QueryRunner, dialect: Dialect, table: string, index: string): Promise<void> {
  if (dialect === 'mysql') {
    // MySQL commits each by itself: a migration that was killed half-way has made it.
    if ((await runner.getTable(table))!.indices.some(({ name }) => name === index)) return;
    return runner.createIndex(table, new TableIndex({ name: index, columnNames: ['body'], isFulltext: true }));
  }
  const words = wordsOf(table);
  // All that is asked is which rows hold a token: neither places in the text nor lengths are kept.
  await runner.query(`CREATE VIRTUAL TABLE ${words} USING fts5(body, content='${table}', content_rowid='number', tokenize='ascii', detail=none, columnsize=0)`);
  const add = `INSERT INTO ${words}(rowid, body) VALUES (new.number, new.body);`;
  const take = `INSERT INTO ${words}(${words}, rowid, body) VALUES ('delete', old.number, old.body);`;
  await runner.query(`CREATE TRIGGER ${words}_insert AFTER INSERT ON ${table} BEGIN ${add} END`);
  await runner.query(`CREATE TRIGGER ${words}_delete AFTER DELETE ON ${table} BEGIN ${take} END`);
  await runner.query(`CREATE TRIGGER ${words}_update AFTER UPDATE ON ${table} BEGIN ${take} ${add} END`);
}

/** Before the table itself is dropped. */
export async function dropFullText(runner: QueryRunner, dialect: Dialect, table: string, index: string): Promise<void> {
  if (dialect === 'mysql') return runner.dropIndex(table, index);
  for (const trigger of ['insert', 'delete', 'update']) await runner.query(`DROP TRIGGER ${wordsOf(table)}_${trigger}`);
  await runner.query(`DROP TABLE ${wordsOf(table)}`);
}

export interface FullTextJoin {
  /** To be joined under the alias. */
  table: string;
  /** The number of a row that was found, and an order that costs nothing. */
  number: string;
  on: (number: string) => Condition;
}

/** What a query joins to find by all of the terms rows that have the table's numbers. */
export function joinOf(dialect: Dialect, table: string, alias: string, terms: readonly Term[]): FullTextJoin {
  const { sql, parameters } = holdsAll(dialect, table, alias, terms);
  if (dialect === 'mysql') return { table, number: `${alias}.number`, on: (number) => ({ sql: `${number} = ${alias}.number AND ${sql}`, parameters }) };
  // FTS5 gives its rows one by one, the newest first where that is asked for: a list of them would first be made as a whole.
  // The plus keeps it from looking for each row of the other table whether it holds them.
  const found = `${alias}.${wordsOf(table)} MATCH :termsAsked`;
  return { table: wordsOf(table), number: `${alias}.rowid`, on: (number) => ({ sql: `${number} = +${alias}.rowid AND ${found}`, parameters }) };
}

/** The condition that a row of the table, under this alias, holds all of the terms; there must be one. */
export function holdsAll(dialect: Dialect, table: string, alias: string, terms: readonly Term[]): Condition {
  if (dialect === 'mysql') {
    const asked = terms.map(({ token, prefix }) => `+${token}${prefix ? '*' : ''}`).join(' ');
    return { sql: `MATCH(${alias}.body) AGAINST (:termsAsked IN BOOLEAN MODE)`, parameters: { termsAsked: asked } };
  }
  const words = wordsOf(table);
  const asked = terms.map(({ token, prefix }) => `"${token}"${prefix ? '*' : ''}`).join(' ');
  return { sql: `${alias}.number IN (SELECT rowid FROM ${words} WHERE ${words} MATCH :termsAsked)`, parameters: { termsAsked: asked } };
}

/** SQLite's table of the words of another one. */
export function wordsOf(table: string): string {
  return `${table}_words`;
}
