import { invalidField } from '../../../kernel/domain-error.js';
import type { Page, PageQuery } from '../../../kernel/page.js';

/** A list that is a part of another one has cursors of its own, so that nobody goes on in one from a place in the other. */
export async function withOwnCursors<Q extends PageQuery, T>(name: string, query: Q, list: (query: Q) => Promise<Page<T>>): Promise<Page<T>> {
  const prefix = `${name}.`;
  const { cursor } = query;
  if (cursor !== undefined && !cursor.startsWith(prefix)) throw invalidField('cursor', 'cursor.invalid', 'The cursor is not one that this list gave for this sort order.');
  const page = await list(cursor === undefined ? query : { ...query, cursor: cursor.slice(prefix.length) });
  return { ...page, next_cursor: page.next_cursor === null ? null : prefix + page.next_cursor };
}
