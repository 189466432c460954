import { Table } from 'typeorm';
import type { TableColumnOptions } from 'typeorm';

/** What a table has beside its columns; the names are those that the entities give. */
export interface Keys {
  unique?: Record<string, string[]>;
  index?: Record<string, string[]>;
  /** A column and the table whose id it holds. */
  references?: Record<string, [column: string, table: string]>;
}

/** A table for a migration. */
export function tableOf(name: string, columns: TableColumnOptions[], { unique = {}, index = {}, references = {} }: Keys = {}): Table {
  return new Table({
    name,
    columns,
    indices: [
      ...Object.entries(unique).map(([key, columnNames]) => ({ name: key, columnNames, isUnique: true })),
      ...Object.entries(index).map(([key, columnNames]) => ({ name: key, columnNames })),
    ],
    // The rules are spelled out: where they are not, MariaDB calls them RESTRICT, and the entities would differ.
    foreignKeys: Object.entries(references).map(([key, [column, table]]) => ({
      name: key, columnNames: [column], referencedTableName: table, referencedColumnNames: ['id'], onDelete: 'NO ACTION', onUpdate: 'NO ACTION',
    })),
  });
}
