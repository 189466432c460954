/** How far it is to count everything anew. */
export class RebuildView {
  /**
   * `none` where it has never been done.
   * @example 'running'
   */
  status: 'none' | 'running' | 'done';
  /**
   * What is counted now.
   * @example 'conversations'
   */
  step: 'conversations' | 'tickets' | 'agents' | 'done';
  /**
   * Conversations, tickets and agents there were as it began.
   * @example 20000
   */
  total: number;
  /** @example 12500 */
  counted: number;
  /** @example '2026-03-01T09:30:00.000Z' */
  started_at: string | null;
  /** @example null */
  finished_at: string | null;
}
