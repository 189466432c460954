export class LivenessView {
  /** @example 'ok' */
  status: string;
}

export class ReadinessView {
  /** @example 'ok' */
  status: string;
  /** @example 'ok' */
  database: string;
  /**
   * Absent where the service runs without Redis.
   * @example 'ok'
   */
  redis?: string;
}
