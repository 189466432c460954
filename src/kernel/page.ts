/** One page of a list. Pages are cut by the last row seen (keyset), never by offset. */
export interface Page<T> {
  data: T[];
  next_cursor: string | null;
  has_more: boolean;
  total?: number;
}

export interface PageQuery {
  /** 1 to 100; 20 when absent. */
  limit?: number;
  cursor?: string;
  sort?: string;
  include_total?: boolean;
}

export function mapPage<A, B>(page: Page<A>, map: (item: A) => B): Page<B> {
  return { ...page, data: page.data.map(map) };
}
