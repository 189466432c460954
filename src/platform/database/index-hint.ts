/**
 * Written after a table's alias: the index by which it is to be reached, where a wrong guess of the database at how much is
 * in it costs minutes.
 */
export function indexHint(dialect: 'sqlite' | 'mysql', index: string): string {
  return dialect === 'mysql' ? `FORCE INDEX (${index})` : `INDEXED BY ${index}`;
}
