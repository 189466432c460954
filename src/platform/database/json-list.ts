import type { Dialect } from './columns.js';

/** The condition that a JSON column with a list of texts holds the text of a parameter, byte by byte. */
export function listHolds(dialect: Dialect, column: string, parameter: string): string {
  if (dialect === 'mysql') return `JSON_CONTAINS(${column}, JSON_QUOTE(:${parameter}))`;
  return `EXISTS (SELECT 1 FROM json_each(${column}) WHERE value = :${parameter})`;
}
