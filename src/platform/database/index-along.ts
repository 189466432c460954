import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';

/** `alias.column = :parameter`, another comparison, or `alias.column IS NULL`. */
const COMPARISON = /^(\w+)\.(\w+) (?:(=|<=?|>=?) :\w+|IS NULL)$/;
/** What every list is confined to: an index that begins with another id can do without it. */
const OWNER = 'organization_id';

/**
 * The index that begins with columns whose values a query gives and ends with those that its rows are sorted by, so that a page
 * in the middle begins there. Undefined where there is none, where the list begins at its beginning, and where another
 * index may be the shorter way: when it begins with more of what is given, or when the query asks for what is not looked into here.
 */
export function indexAlong<T extends ObjectLiteral>(query: SelectQueryBuilder<T>, sortedBy: readonly string[], behindCursor: boolean): string | undefined {
  const { mainAlias, wheres, joinAttributes } = query.expressionMap;
  const equal = new Set<string>();
  const given = new Set<string>();
  let inTheMiddle = behindCursor;
  for (const { type, condition } of wheres) {
    if (type === 'or' || typeof condition !== 'string') return undefined;
    for (const part of condition.split(' AND ')) {
      const [, alias, column = '', operator] = COMPARISON.exec(part) ?? [];
      if (alias !== query.alias) return undefined;
      if (operator === '=') equal.add(column);
      if (operator === '=' || operator === undefined) given.add(column);
      else if (column === sortedBy[0]) inTheMiddle = true;
      else return undefined;
    }
  }
  if (!inTheMiddle || joinAttributes.length > 0) return undefined;
  const indexes = mainAlias!.metadata.indices.map(({ name, columns }) => {
    const names = columns.map(({ propertyName }) => propertyName);
    const end = names.findIndex((column) => !given.has(column));
    // One that begins with what must be null finds nearly every row of everybody.
    return { name, names, begins: equal.has(names[0]!) ? names.slice(0, end === -1 ? names.length : end) : [] };
  });
  const elsewhere = (first: readonly string[]): boolean =>
    indexes.some(({ begins }) => begins.some((column) => column !== OWNER && !first.includes(column)));
  return indexes.find(({ names, begins }) => {
    const first = names.slice(0, -sortedBy.length);
    return first.length > 0 && first.length <= begins.length && names.slice(first.length).join() === sortedBy.join() && !elsewhere(first);
  })?.name;
}
