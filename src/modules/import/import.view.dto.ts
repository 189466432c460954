export class ImportErrorView {
  /** @example 'messages[3].sender.id' */
  field: string;
  /** @example 'agent.not_found' */
  code: string;
  /** @example 'There is no agent "chen".' */
  message: string;
}

export class ImportResultView {
  /**
   * Its place in the request.
   * @example 0
   */
  index: number;
  /** @example 'old-system/4711' */
  external_id: string | null;
  /**
   * `known` was brought in before and is left as it is; of `invalid` nothing was stored.
   * @example 'created'
   */
  status: 'created' | 'known' | 'invalid';
  /** @example 'cnv_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  conversation_id: string | null;
  /** Only of an invalid one. */
  errors?: ImportErrorView[];
}

/** What became of each conversation, in the order of the request. */
export class ImportView {
  results: ImportResultView[];
  /** @example 1 */
  created: number;
  /** @example 0 */
  known: number;
  /** @example 0 */
  invalid: number;
}
