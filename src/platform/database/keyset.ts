import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { invalidField } from '../../kernel/domain-error.js';
import type { Page, PageQuery } from '../../kernel/page.js';
import { indexAlong } from './index-along.js';
import { manyAlong } from './many-along.js';

const DEFAULT_LIMIT = 20;

/** How a list may be sorted: the name that callers use, and the column behind it. */
export interface Sorting {
  /** Callers' names to columns; each column must not be null. */
  columns: Record<string, string>;
  /** As callers write it, `-created_at` for the newest first. */
  default: string;
  /** Unique column that breaks ties. */
  tieBreaker: string;
  /** The index to go along, where the database may think that another, or its beginning, does as well and `indexAlong` cannot tell. */
  index?: string;
  /** Columns that are compared and sorted by an expression of equal value, where that costs the database less. */
  equals?: Record<string, string>;
}

interface Cursor {
  sort: string;
  value: string | number;
  id: string | number;
}

/** A cursor that goes on behind the row with this sort value and tie breaker. */
export function encodeCursor(sort: string, value: string | number, id: string | number): string {
  return Buffer.from(JSON.stringify([sort, value, id])).toString('base64url');
}

function isKey(value: unknown): value is string | number {
  return typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value));
}

/** `sort` as the list has made it: the column, with `-` before it where it descends. Throws `cursor.invalid`. */
export function decodeCursor(text: string, sort: string): Cursor {
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (Array.isArray(parts) && parts.length === 3 && parts[0] === sort && isKey(parts[1]) && isKey(parts[2])) {
      return { sort, value: parts[1], id: parts[2] };
    }
  } catch {
    // Falls through to the one answer for every cursor that was not made here.
  }
  throw invalidField('cursor', 'cursor.invalid', 'The cursor is not one that this list gave for this sort order.');
}

/** Cuts one page out of a query by the last row seen. `alias` is the query's main table. */
export async function keysetPage<T extends ObjectLiteral>(
  query: SelectQueryBuilder<T>,
  sorting: Sorting,
  page: PageQuery,
): Promise<Page<T>> {
  const alias = query.alias;
  const sort = page.sort ?? sorting.default;
  const descending = sort.startsWith('-');
  const name = descending ? sort.slice(1) : sort;
  const column = Object.hasOwn(sorting.columns, name) ? sorting.columns[name] : undefined;
  if (column === undefined) {
    const names = Object.keys(sorting.columns).flatMap((name) => [name, `-${name}`]);
    throw invalidField('sort', 'sort.unknown', `This list can be sorted by ${names.join(', ')}.`);
  }
  const place = `${descending ? '-' : ''}${alias}.${column}`;
  const total = page.include_total === true ? await query.clone().getCount() : undefined;
  const compared = (name: string): string => sorting.equals?.[name] ?? `${alias}.${name}`;
  const sortedBy = column === sorting.tieBreaker ? [column] : [column, sorting.tieBreaker];
  // SQLite finds its way by itself.
  const index = sorting.index ?? (query.connection.options.type === 'mysql' ? indexAlong(query, sortedBy, page.cursor !== undefined) : undefined);
  if (page.cursor !== undefined) {
    const cursor = decodeCursor(page.cursor, place);
    const than = descending ? '<' : '>';
    if (column === sorting.tieBreaker) {
      query.andWhere(`${compared(column)} ${than} :cursorId`, { cursorId: cursor.id });
    } else {
      query.andWhere(
        `(${compared(column)} ${than} :cursorValue OR (${compared(column)} = :cursorValue AND ${compared(sorting.tieBreaker)} ${than} :cursorId))`,
        { cursorValue: cursor.value, cursorId: cursor.id },
      );
    }
  }
  const order = descending ? 'DESC' : 'ASC';
  query.orderBy();
  for (const each of sortedBy) query.addOrderBy(compared(each), order);
  const limit = page.limit ?? DEFAULT_LIMIT;
  query.limit(limit + 1);
  const rows = index === undefined ? await query.getMany() : await manyAlong(query, index);
  const data = rows.slice(0, limit);
  const last = data.at(-1) as Record<string, string | number> | undefined;
  const hasMore = rows.length > limit;
  return {
    data,
    next_cursor: hasMore && last !== undefined ? encodeCursor(place, last[column]!, last[sorting.tieBreaker]!) : null,
    has_more: hasMore,
    ...(total === undefined ? {} : { total }),
  };
}
