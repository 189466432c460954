export const MAX_BATCH = 1000;

/** What was wrong with a field of an item. */
export class BatchFieldErrorView {
  /** @example 'customer_id' */
  field: string;
  /** @example 'required' */
  code: string;
  /** @example 'customer_id is required' */
  message: string;
}

/** What became of one item. */
export class BatchItemView {
  /**
   * Its place in the list that was sent, from 0.
   * @example 0
   */
  index: number;
  /**
   * `invalid` items were not stored.
   * @example 'created'
   */
  status: 'created' | 'updated' | 'unchanged' | 'invalid';
  /**
   * The outside id that the item has; null where it has none that could be read.
   * @example 'C-1001'
   */
  id: string | null;
  /** @example [] */
  errors: BatchFieldErrorView[];
}

/** What became of a batch, item by item. */
export class BatchResultView {
  /** In the order in which they were sent. */
  data: BatchItemView[];
  /** @example 1 */
  created: number;
  /** @example 0 */
  updated: number;
  /** @example 0 */
  unchanged: number;
  /** @example 0 */
  invalid: number;
}
