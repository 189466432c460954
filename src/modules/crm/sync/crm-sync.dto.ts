/** How the import from the CRM stands. */
export class CrmSyncView {
  /**
   * Whether this deployment fetches customers and orders for the caller's organization.
   * @example false
   */
  configured: boolean;
  /**
   * Where from, without the query.
   * @example null
   */
  url: string | null;
  /**
   * Whether a worker is at it now.
   * @example false
   */
  running: boolean;
  /**
   * From where the next page is asked for.
   * @example null
   */
  cursor: string | null;
  /**
   * When the next run is due.
   * @example null
   */
  next_at: string | null;
  /** @example null */
  last_started_at: string | null;
  /** @example null */
  last_succeeded_at: string | null;
  /**
   * One after the other, since the last success.
   * @example 0
   */
  failures: number;
  /** @example null */
  last_error: string | null;
  /**
   * Pages that were stored so far.
   * @example 0
   */
  pages: number;
  /**
   * Customers and orders that were taken, changed or not.
   * @example 0
   */
  stored: number;
  /**
   * Those that were not valid; the log names them.
   * @example 0
   */
  refused: number;
}
